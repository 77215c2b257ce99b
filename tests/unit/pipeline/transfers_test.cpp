// Every transfer reaches the owner of the dialog that it names, whoever called and however it forked;
// never another server.
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <vector>

#include "test_call.hpp"
#include "test_cluster.hpp"
#include "test_proxy.hpp"

namespace sipsteer::test {
namespace {

/// A dialog whose owner is known.
struct Owned {
    TestCall call;
    bool called = true;  ///< the server was called, else it called
    std::string owner;   ///< "udp:..."
};

/// Makes calls through a proxy and remembers who owns what.
class Callers {
  public:
    Callers(TestProxy& proxy, Dice& dice) : proxy_(proxy), dice_(dice) {}

    /// One INVITE with one to three answers that form a dialog each.
    std::vector<Owned> call(std::string_view more = {}, std::string_view expect = {}) {
        const bool called = !more.empty() || dice_.one_in(2);
        TestCall call =
            called ? TestCall::from_phone(dice_) : TestCall::from_server(dice_, dice_.of(kServers));
        const Sent invite = proxy_.deliver(call.request("INVITE", 1, more), call.from());
        EXPECT_TRUE(invite.forwarded());
        EXPECT_TRUE(expect.empty() || invite.to() == expect) << invite.to();
        std::vector<Owned> dialogs;
        for (std::size_t fork = dice_.one_in(4) ? 1 + dice_.below(3) : 1; fork > 0; --fork) {
            call.to_tag = dice_.word();
            const int status = fork > 1 ? 180 : dice_.one_in(4) ? 183 : 200;
            const Sent answered = proxy_.deliver(answer(invite.bytes, status, call.to_tag), invite.to());
            EXPECT_TRUE(answered.forwarded());
            dialogs.push_back({call, called, called ? invite.to() : call.from()});
        }
        return dialogs;
    }

    /// A transfer by somebody who is not the owner.
    Sent transfer(const std::string& replaces, std::string_view owner) {
        TestCall call = TestCall::from_phone(dice_);
        if (dice_.one_in(2)) {
            do {
                call = TestCall::from_server(dice_, dice_.of(kServers));
            } while (call.from() == owner);
            call.request_uri = "sip:carol@203.0.113.10";
        }
        return proxy_.deliver(call.request("INVITE", 1, replaces), call.from());
    }

  private:
    TestProxy& proxy_;
    Dice& dice_;
};

TEST(Transfers, HundredThousandDialogs) {
    constexpr std::size_t kDialogs = 100000;
    Dice dice{5};
    TestProxy proxy{snapshot_of(cluster_toml()), 4 * kDialogs};
    Callers callers{proxy, dice};
    std::vector<Owned> dialogs;
    while (dialogs.size() < kDialogs) {
        for (Owned& one : callers.call()) dialogs.push_back(std::move(one));
    }
    ASSERT_EQ(proxy.tables().calls.evictions(), 0U);
    for (const Owned& one : dialogs) {
        const Sent sent = callers.transfer(replaces(one.call, one.called), one.owner);
        ASSERT_EQ(sent.to(), one.owner);
        ASSERT_EQ(sent.outcome.reason, RouteReason::transfer_owner);
    }
    for (const Owned& one : dialogs) {
        const Sent swapped = callers.transfer(replaces(one.call, !one.called), one.owner);
        ASSERT_EQ(swapped.outcome.reason, RouteReason::transfer_rejected);
    }
    EXPECT_EQ(*proxy.counter("decisions{reason=\"transfer_owner\"}"), dialogs.size());
    EXPECT_TRUE(proxy.counter_law_holds());
}

/// A call that came of a transfer is transferred in turn, many times over.
RC_GTEST_PROP(Transfers, ChainsStayWithTheOwner, (std::uint64_t seed)) {
    Dice dice{seed};
    TestProxy proxy{snapshot_of(cluster_toml()), 1024};
    Callers callers{proxy, dice};
    Owned last = callers.call().back();
    for (int i = 0; i < 12; ++i) {
        proxy.wait(std::chrono::seconds{dice.below(100)});
        last = callers.call(replaces(last.call, last.called), last.owner).back();
    }
    RC_ASSERT(proxy.counter_law_holds());
}

/// Nothing but the three parts together finds a dialog.
RC_GTEST_PROP(Transfers, NothingLessThanAllThreeParts, (std::uint64_t seed)) {
    Dice dice{seed};
    TestProxy proxy{snapshot_of(cluster_toml()), 1024};
    Callers callers{proxy, dice};
    std::vector<Owned> dialogs;
    for (int i = 0; i < 8; ++i) {
        for (Owned& one : callers.call()) dialogs.push_back(std::move(one));
    }
    const Owned& one = dice.of(dialogs);
    TestCall wrong = one.call;
    const Owned& other = dice.of(dialogs);
    switch (dice.below(4)) {
        case 0: wrong.call_id = other.call.call_id + "x"; break;
        case 1: wrong.from_tag = dice.word(); break;
        case 2: wrong.to_tag = dice.word(); break;
        default: wrong.call_id[0] = static_cast<char>(wrong.call_id[0] ^ 0x20); break;
    }
    const Sent sent = callers.transfer(replaces(wrong, one.called), one.owner);
    RC_ASSERT(!sent.forwarded());
}

}  // namespace
}  // namespace sipsteer::test
