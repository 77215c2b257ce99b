// A message and its repetitions go one way with the same bytes, and CANCEL and ACK after them, whatever
// else happens meanwhile (requirements 4 to 8).
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <chrono>
#include <vector>

#include "test_call.hpp"
#include "test_cluster.hpp"
#include "test_proxy.hpp"

namespace sipsteer::test {
namespace {

/// Three workers on the same tables, and things that happen around a call.
class Cluster {
  public:
    Cluster(const std::string& toml, Dice& dice) : dice_(dice), normal_(snapshot_of(toml)) {
        workers_.emplace_back(normal_, 100000);
        workers_.emplace_back(workers_.front(), normal_);
        workers_.emplace_back(workers_.front(), normal_);
    }

    Sent deliver(std::string_view bytes, std::string_view from) {
        return workers_[dice_.below(workers_.size())].deliver(bytes, from);
    }

    /// Servers go down and come back, others call, phones answer, time passes: less than `most` in all.
    void disturb(std::chrono::seconds most) {
        for (std::size_t i = dice_.below(4); i > 0; --i) {
            const TestCall other = TestCall::from_phone(dice_);
            const Sent sent = deliver(other.request("INVITE", 1), other.from());
            if (dice_.one_in(2) && sent.forwarded()) {
                deliver(answer(sent.bytes, dice_.one_in(2) ? 180 : 200, dice_.word()), sent.to());
            }
        }
        auto snapshot = normal_;
        for (const std::string_view name : kServerNames) {
            if (dice_.one_in(3)) snapshot = with_server(*snapshot, name, false);
        }
        const std::chrono::milliseconds time{dice_.below(static_cast<std::size_t>(most.count()) * 1000)};
        for (TestProxy& worker : workers_) {
            worker.use(snapshot);
            worker.wait(time);
        }
    }

    void calm() {
        for (TestProxy& worker : workers_) worker.use(normal_);
    }

    [[nodiscard]] bool counter_law_holds() const {
        return std::ranges::all_of(workers_, &TestProxy::counter_law_holds);
    }

  private:
    Dice& dice_;
    std::shared_ptr<const Snapshot> normal_;
    std::vector<TestProxy> workers_;
};

struct Policy {
    std::string_view affinity;
    std::string_view placement;
};

std::vector<Policy> all_policies() {
    std::vector<Policy> all;
    for (const std::string_view affinity : kAffinities) {
        for (const std::string_view placement : kPlacements) all.push_back({affinity, placement});
    }
    return all;
}

std::string toml_of(const Policy& policy) {
    return cluster_toml("affinity = \"" + std::string{policy.affinity} + "\"\nplacement = \"" +
                        std::string{policy.placement} + "\"");
}

class SameWay : public testing::TestWithParam<Policy> {};

INSTANTIATE_TEST_SUITE_P(EveryPolicy, SameWay, testing::ValuesIn(all_policies()));

TEST_P(SameWay, InviteCancelAckAndCredentials) {
    Dice dice{7};
    Cluster cluster{toml_of(GetParam()), dice};
    for (int i = 0; i < 1000; ++i) {
        SCOPED_TRACE("call " + std::to_string(i));
        cluster.calm();
        TestCall call = TestCall::from_phone(dice);
        if (dice.one_in(8)) call.branch = dice.word(6);  // an RFC 2543 client
        const std::string tenant = "X-Tenant: " + dice.word(2) + "\r\n";
        const std::string invite = call.request("INVITE", 1, tenant);
        const Sent first = cluster.deliver(invite, call.from());
        ASSERT_TRUE(first.forwarded()) << first.bytes;
        ASSERT_TRUE(is_server(first.to()));
        // Unanswered, the pin lives 32 s.
        for (int copy = 0; copy < 3; ++copy) {
            cluster.disturb(std::chrono::seconds{8});
            const Sent again = cluster.deliver(invite, call.from());
            ASSERT_EQ(again.to(), first.to());
            ASSERT_EQ(again.bytes, first.bytes);
        }
        if (dice.one_in(2)) {
            const std::string ringing = answer(first.bytes, 180, "ring");
            cluster.deliver(ringing, first.to());
            cluster.disturb(std::chrono::seconds{500});
        }
        const Sent cancel = cluster.deliver(call.request("CANCEL", 1), call.from());
        ASSERT_EQ(cancel.to(), first.to());
        ASSERT_EQ(branch_of(cancel.bytes), branch_of(first.bytes));

        const bool challenge = dice.one_in(2);
        cluster.deliver(answer(first.bytes, challenge ? 401 : 487, "final"), first.to());
        cluster.disturb(std::chrono::seconds{20});
        TestCall acking = call;
        acking.to_tag = "final";
        const Sent ack = cluster.deliver(acking.request("ACK", 1), call.from());
        ASSERT_EQ(ack.to(), first.to());
        ASSERT_EQ(branch_of(ack.bytes), branch_of(first.bytes));
        if (!challenge) continue;
        TestCall repeated = call;
        repeated.branch = "z9hG4bK" + dice.word();
        const Sent retry = cluster.deliver(repeated.request("INVITE", 2, tenant), call.from());
        ASSERT_EQ(retry.to(), first.to());
        ASSERT_NE(branch_of(retry.bytes), branch_of(first.bytes));
    }
    EXPECT_TRUE(cluster.counter_law_holds());
}

/// In a dialog the signed Record-Route tells, at any proxy that has the key: here one with other tables.
TEST_P(SameWay, InDialogAtAnotherProxy) {
    Dice dice{8};
    const auto snapshot = snapshot_of(toml_of(GetParam()));
    TestProxy here{snapshot};
    for (int i = 0; i < 300; ++i) {
        TestProxy there{snapshot, 16};
        TestCall call = TestCall::from_phone(dice);
        const Sent invite = here.deliver(call.request("INVITE", 1), call.from());
        ASSERT_TRUE(invite.forwarded());
        call.to_tag = dice.word();
        here.deliver(answer(invite.bytes, 200, call.to_tag), invite.to());
        call.routes = header_values(invite.bytes, "Record-Route").at(0);
        call.request_uri = "sip:anything@pbx.invalid";
        call.branch = "z9hG4bK" + dice.word();
        for (const std::string_view method : {"ACK", "INVITE", "UPDATE", "INFO", "REFER", "BYE"}) {
            const std::string bytes = call.request(method, 2);
            const Sent near = here.deliver(bytes, call.from());
            const Sent far = there.deliver(bytes, call.from());
            ASSERT_EQ(near.to(), invite.to()) << method;
            ASSERT_EQ(far.to(), invite.to()) << method;
            ASSERT_EQ(far.bytes, near.bytes) << method;
        }
    }
}

/// What nothing pins goes by the hash alone: the same at every proxy.
RC_GTEST_PROP(Unpinned, GoesByTheHashAtEveryProxy, (std::uint64_t seed)) {
    Dice dice{seed};
    const auto snapshot = snapshot_of(cluster_toml("placement = \"round-robin\""));
    TestProxy here{snapshot, 16};
    TestProxy there{snapshot, 16};
    const TestCall call = TestCall::from_phone(dice);
    for (const std::string_view method :
         {"MESSAGE", "REGISTER", "SUBSCRIBE", "PUBLISH", "OPTIONS", "REFER", "FOO"}) {
        const std::string bytes = call.request(method, 1);
        const Sent near = here.deliver(bytes, call.from());
        const Sent far = there.deliver(bytes, call.from());
        RC_ASSERT(near.forwarded());
        RC_ASSERT(near.to() == far.to());
        RC_ASSERT(near.bytes == far.bytes);
    }
}

/// Two proxies that are each other's servers: Max-Forwards ends what goes round, and one copy at a time
/// (RFC 3261 §16.3 step 4).
RC_GTEST_PROP(Loops, EndBySeventyHops, (std::uint64_t seed)) {
    Dice dice{seed};
    const auto proxy = [](std::string_view self, std::string_view other) {
        return TestProxy{snapshot_of("[listen]\nudp = [\"" + std::string{self} +
                                     "\"]\n[[server]]\nname = \"x\"\nuri = \"sip:" + std::string{other} +
                                     "\"\n[[server]]\nname = \"y\"\nuri = \"sip:10.0.9.9\"\nweight = 0\n")};
    };
    TestProxy proxies[] = {proxy("203.0.113.10:5060", "203.0.113.20:5060"),
                           proxy("203.0.113.20:5060", "203.0.113.10:5060")};
    TestCall call = TestCall::from_phone(dice);
    constexpr std::string_view kTargets[] = {"sip:x@203.0.113.10", "sip:x@203.0.113.20",
                                             "sip:203.0.113.10;lr", "sip:x@203.0.113.30"};
    call.request_uri = dice.of(kTargets);
    while (dice.one_in(2))
        call.routes += (call.routes.empty() ? "<" : ", <") + std::string{dice.of(kTargets)} + ";lr>";
    std::string bytes = call.request(dice.one_in(2) ? "INVITE" : "MESSAGE", 1);
    std::string from = call.from();
    int hops = 0;
    for (std::size_t at = 0;; at = 1 - at) {
        const Sent sent = proxies[at].deliver(bytes, from);
        const bool goes_round =
            sent.forwarded() && sent.to() == text_of(proxies[1 - at].snapshot().local[0].bind);
        if (!goes_round) break;
        RC_ASSERT(++hops <= 71);
        from = text_of(proxies[at].snapshot().local[0].bind);
        bytes = sent.bytes;
    }
}

}  // namespace
}  // namespace sipsteer::test
