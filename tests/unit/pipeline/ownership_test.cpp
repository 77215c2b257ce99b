// The owner of a live record never changes, tables keep their bounds, and what a server's dialog needs to
// live and end is nothing that strangers can send (requirements 80 to 90).
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>

#include "test_call.hpp"
#include "test_cluster.hpp"
#include "test_proxy.hpp"

namespace sipsteer::test {
namespace {

/// Few Call-IDs and tags, so that everything collides with everything.
struct Names {
    std::string call_id;
    std::string phone_tag;
    std::string server_tag;
};

Names some_names(Dice& dice) {
    const auto one = [&dice](std::string_view prefix) {
        return std::string{prefix} + std::to_string(dice.below(2));
    };
    return {one("call"), one("p"), one("s")};
}

/// Something that a server or a phone might do, rightly or not.
void something_happens(TestProxy& proxy, Dice& dice) {
    const Names names = some_names(dice);
    const std::string server{dice.of(kServers)};
    TestCall call = TestCall::from_phone(dice);
    call.call_id = names.call_id;
    call.from_tag = names.phone_tag;
    call.request_uri = "sip:" + server;
    switch (dice.below(6)) {
        case 0: {  // a phone calls, whoever likes answers
            const Sent invite = proxy.deliver(call.request("INVITE", 1), call.from());
            if (!invite.forwarded()) return;
            constexpr int kCodes[] = {100, 180, 183, 199, 200, 200, 401, 404, 487, 481, 408};
            const std::string who = dice.one_in(3) ? "udp:" + std::string{dice.of(kServers)} : invite.to();
            proxy.deliver(answer(invite.bytes, dice.of(kCodes), names.server_tag), who);
            return;
        }
        case 1: {  // a server calls a phone
            call.source = server;
            call.from_tag = names.server_tag;
            call.request_uri = "sip:x@192.0.2.7:5060";
            const Sent invite = proxy.deliver(call.request("INVITE", 1), call.from());
            if (!invite.forwarded()) return;
            proxy.deliver(answer(invite.bytes, dice.one_in(2) ? 180 : 200, names.phone_tag),
                          "udp:192.0.2.7:5060");
            return;
        }
        case 2:  // a server's in-dialog request
            call.source = server;
            call.from_tag = names.server_tag;
            call.to_tag = names.phone_tag;
            call.request_uri = "sip:x@192.0.2.7:5060";
            proxy.deliver(call.request(dice.one_in(2)   ? "BYE"
                                       : dice.one_in(2) ? "INVITE"
                                                        : "UPDATE",
                                       2),
                          call.from());
            return;
        case 3: {  // a phone's in-dialog request and its answer
            call.to_tag = names.server_tag;
            constexpr std::string_view kMethods[] = {"BYE", "INVITE", "INFO", "UPDATE"};
            const Sent sent = proxy.deliver(call.request(dice.of(kMethods), 3), call.from());
            constexpr int kCodes[] = {200, 481, 408, 401, 500};
            if (sent.forwarded()) proxy.deliver(answer(sent.bytes, dice.of(kCodes), "x"), sent.to());
            return;
        }
        case 4: proxy.wait(std::chrono::seconds{dice.below(40)}); return;
        default: proxy.wait(std::chrono::seconds{dice.below(2)}); return;
    }
}

RC_GTEST_PROP(Ownership, NeverChangesWhileARecordLives, (std::uint64_t seed)) {
    Dice dice{seed};
    TestProxy proxy{snapshot_of(cluster_toml({}, "[calls]\nttl = \"2m\"")), 64};
    std::map<std::pair<std::string, std::string>, Owner> known;
    for (int i = 0; i < 150; ++i) {
        something_happens(proxy, dice);
        for (int n = 0; n < 16; ++n) {
            const std::string call_id = "call" + std::to_string(n & 1);
            std::string local = "s" + std::to_string(n >> 1 & 1);
            std::string remote = "p" + std::to_string(n >> 2 & 1);
            if ((n & 8) != 0) std::swap(local, remote);
            const DialogKey key = dialog_key(proxy.snapshot().key, call_id, local, remote);
            const auto owner = proxy.tables().calls.find(key, proxy.now());
            const auto name = std::pair{call_id, local + remote};
            const auto before = known.find(name);
            if (before != known.end() && before->second.expires > proxy.now()) {
                RC_ASSERT(owner.has_value());
                RC_ASSERT(owner->server == before->second.server);
                // Early becomes confirmed, anything becomes grace; back from there comes what is confirmed.
                RC_ASSERT(owner->state >= before->second.state || owner->state == DialogState::confirmed);
            }
            if (owner) {
                known[name] = *owner;
            } else {
                known.erase(name);
            }
        }
    }
    RC_ASSERT(proxy.counter_law_holds());
}

/// Dialogs that have a server's tag only as a stranger would guess it.
RC_GTEST_PROP(Ownership, StrangersNeverEndOrPrologCalls, (std::uint64_t seed)) {
    Dice dice{seed};
    TestProxy proxy{snapshot_of(cluster_toml()), 64};
    TestCall call = TestCall::from_phone(dice);
    const Sent invite = proxy.deliver(call.request("INVITE", 1), call.from());
    call.to_tag = dice.word();
    proxy.deliver(answer(invite.bytes, 200, call.to_tag), invite.to());
    const DialogKey key = dialog_key(proxy.snapshot().key, call.call_id, call.to_tag, call.from_tag);
    const auto before = proxy.tables().calls.find(key, proxy.now());
    RC_ASSERT(before.has_value());
    proxy.wait(std::chrono::seconds{10});
    constexpr std::string_view kMethods[] = {"BYE", "INVITE", "UPDATE", "CANCEL", "ACK", "INFO", "OPTIONS"};
    for (int i = 0; i < 30; ++i) {
        TestCall fake = call;  // he even knows all tags
        fake.source = TestCall::from_phone(dice).source;
        fake.branch = "z9hG4bK" + dice.word();
        if (dice.one_in(2)) std::swap(fake.from_tag, fake.to_tag);
        const std::string request = fake.request(dice.of(kMethods), 2 + static_cast<unsigned>(dice.below(9)));
        proxy.deliver(request, fake.from());
        std::string forged = answer(invite.bytes, dice.one_in(2) ? 481 : 200, call.to_tag);
        proxy.deliver(dice.one_in(2) ? forged : dice.mutated(forged), fake.from());
    }
    const auto after = proxy.tables().calls.find(key, proxy.now());
    RC_ASSERT(after.has_value());
    RC_ASSERT(after->server == before->server);
    RC_ASSERT(after->state == before->state);
    RC_ASSERT(after->expires == before->expires);
}

/// However many calls come, no table grows beyond its limit, and confirmed calls outlive ringing ones.
TEST(Ownership, TablesKeepTheirBounds) {
    constexpr std::size_t kMax = 500;
    Dice dice{6};
    TestProxy proxy{snapshot_of(cluster_toml()), kMax};
    std::vector<TestCall> confirmed;
    for (std::size_t i = 0; i < 20 * kMax; ++i) {
        TestCall call = TestCall::from_phone(dice);
        const Sent invite = proxy.deliver(call.request("INVITE", 1), call.from());
        ASSERT_TRUE(invite.forwarded());
        call.to_tag = dice.word();
        const bool answered = confirmed.size() < kMax / 4;
        proxy.deliver(answer(invite.bytes, answered ? 200 : 180, call.to_tag), invite.to());
        if (answered) confirmed.push_back(call);
        ASSERT_LE(proxy.tables().calls.size(), kMax);
        ASSERT_LE(proxy.tables().pins.size(), kMax);
    }
    for (const TestCall& call : confirmed) {
        const DialogKey key = dialog_key(proxy.snapshot().key, call.call_id, call.to_tag, call.from_tag);
        ASSERT_TRUE(proxy.tables().calls.find(key, proxy.now()));
    }
    std::uint64_t counted = 0;
    for (const std::string_view name : kServerNames) {
        counted += *proxy.counter("server_calls{server=\"" + std::string{name} + "\"}");
    }
    EXPECT_EQ(counted, proxy.tables().calls.size());
}

/// A flood of unanswered INVITEs costs pins, never owners, and never the pins of calls that ring.
TEST(Ownership, FloodsOfInvitesCostUnansweredPinsOnly) {
    constexpr std::size_t kMax = 500;
    Dice dice{7};
    TestProxy proxy{snapshot_of(cluster_toml("placement = \"round-robin\"")), kMax};
    TestCall call = TestCall::from_phone(dice);
    const Sent invite = proxy.deliver(call.request("INVITE", 1), call.from());
    proxy.deliver(answer(invite.bytes, 180, "ringing"), invite.to());
    for (std::size_t i = 0; i < 10 * kMax; ++i) {
        const TestCall flood = TestCall::from_phone(dice);
        proxy.deliver(flood.request("INVITE", 1), flood.from());
    }
    EXPECT_EQ(proxy.tables().calls.size(), 1U);
    const Sent again = proxy.deliver(call.request("INVITE", 1), call.from());
    EXPECT_EQ(again.to(), invite.to());
    EXPECT_EQ(again.bytes, invite.bytes);
}

}  // namespace
}  // namespace sipsteer::test
