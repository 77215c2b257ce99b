// What comes from outside reaches a server or nobody, and teaches nothing (requirements 37, 86 to 92).
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <array>

#include "parser/via.hpp"
#include "test_call.hpp"
#include "test_cluster.hpp"
#include "test_proxy.hpp"
#include "tests/corpus/corpus.hpp"

namespace sipsteer::test {
namespace {

constexpr std::array<std::string_view, 15> kMethods{"INVITE",  "ACK",       "CANCEL", "BYE",     "OPTIONS",
                                                    "REFER",   "SUBSCRIBE", "NOTIFY", "MESSAGE", "REGISTER",
                                                    "PUBLISH", "INFO",      "PRACK",  "UPDATE",  "FOO"};

/// Places that a stranger would like to have messages sent to, or that might confuse.
constexpr std::array<std::string_view, 16> kUris{"sip:victim@198.51.100.66",
                                                 "sip:198.51.100.66:5060;lr",
                                                 "sip:x@198.51.100.66;maddr=10.0.1.1",
                                                 "sip:x@10.0.1.1;maddr=198.51.100.66",
                                                 "sip:10.0.1.2",
                                                 "sip:10.0.1.2:5061",
                                                 "sip:203.0.113.10:5060;lr",
                                                 "sip:203.0.113.10;lr;ss=0000000000000000aaaaaaaa",
                                                 "sip:user@203.0.113.10;maddr=198.51.100.66;lr",
                                                 "sip:x@203.0.113.10@198.51.100.66",
                                                 "sip:%31%30.0.1.1",
                                                 "sip:[::ffff:198.51.100.66]",
                                                 "sips:198.51.100.66",
                                                 "tel:+1;phone-context=198.51.100.66",
                                                 "sip:x@127.0.0.1:8060",
                                                 "sip:x@255.255.255.255"};

std::string hostile_request(Dice& dice) {
    TestCall call = TestCall::from_phone(dice);
    call.request_uri = dice.of(kUris);
    if (dice.one_in(2)) {
        call.routes = "<" + std::string{dice.of(kUris)} + ">";
        while (dice.one_in(2)) call.routes += ", <" + std::string{dice.of(kUris)} + ">";
    }
    if (dice.one_in(2)) call.to_tag = dice.word();
    std::string more;
    if (dice.one_in(3)) {
        more += std::string{dice.one_in(2) ? "Replaces" : "Join"} + ": " + dice.word() +
                ";to-tag=1;from-tag=2\r\n";
    }
    if (dice.one_in(4)) more += "Target-Dialog: " + dice.word() + ";local-tag=1;remote-tag=2\r\n";
    return call.request(dice.of(kMethods), static_cast<unsigned>(dice.below(5)), more);
}

std::string hostile_response(Dice& dice) {
    TestCall call = TestCall::from_phone(dice);
    std::string fake = call.request(dice.of(kMethods), 1);
    const std::string own =
        "Via: SIP/2.0/UDP 203.0.113.10:5060;branch=z9hG4bKss-" + std::string(8, '0') + "0123456789abcdef\r\n";
    fake.insert(fake.find("Via: "), dice.one_in(4) ? own + own : own);
    return answer(fake, 100 + static_cast<int>(dice.below(600)), dice.word());
}

/// Where our own answer may go: back where the request came from, or where the maddr of its own Via says
/// (RFC 3261 §18.2.2).
bool is_way_back(const Sent& sent, std::string_view from) {
    if (text_of(sent.outcome.to).substr(0, text_of(sent.outcome.to).rfind(':')) ==
        from.substr(0, from.rfind(':'))) {
        return true;
    }
    const auto via = ViaView::parse(header_values(sent.bytes, "Via").at(0));
    return via && !via->maddr.empty();
}

void expect_harmless(TestProxy& proxy, const Sent& sent, std::string_view from) {
    if (sent.forwarded()) {
        RC_ASSERT(is_server(sent.to()));
    } else if (sent.outcome.sends()) {
        RC_ASSERT(is_way_back(sent, from));
    }
    RC_ASSERT(proxy.tables().calls.size() == 0U);
}

RC_GTEST_PROP(Outside, ReachesServersOnlyAndTeachesNothing, (std::uint64_t seed)) {
    Dice dice{seed};
    TestProxy proxy{snapshot_of(cluster_toml()), 64};
    const std::string from = TestCall::from_phone(dice).from();
    for (int i = 0; i < 40; ++i) {
        std::string bytes = dice.one_in(4) ? hostile_response(dice) : hostile_request(dice);
        if (dice.one_in(2)) bytes = dice.mutated(std::move(bytes));
        expect_harmless(proxy, proxy.deliver(bytes, from), from);
    }
    RC_ASSERT(proxy.tables().pins.size() <= 64U);
    RC_ASSERT(proxy.counter_law_holds());
}

/// The torture tests and the bugs of other servers, as they are and damaged.
TEST(Outside, CorpusReachesServersOnly) {
    Dice dice{3};
    TestProxy proxy{snapshot_of(cluster_toml()), 1024};
    const std::string from = "udp:192.0.2.7:5060";
    for (const corpus::Message& message : corpus::load_all()) {
        SCOPED_TRACE(message.name);
        for (int i = 0; i < 20; ++i) {
            const Sent sent = proxy.deliver(i == 0 ? message.bytes : dice.mutated(message.bytes), from);
            ASSERT_TRUE(!sent.forwarded() || is_server(sent.to())) << sent.to();
            ASSERT_TRUE(sent.forwarded() || !sent.outcome.sends() || is_way_back(sent, from)) << sent.to();
        }
    }
    EXPECT_EQ(proxy.tables().calls.size(), 0U);
    EXPECT_TRUE(proxy.counter_law_holds());
}

/// Our answer is no bigger than the request but for the few headers that it must have: no amplifier
/// (requirement 21).
RC_GTEST_PROP(Outside, GetsAnswersOfTheRequestsSize, (std::uint64_t seed)) {
    Dice dice{seed};
    TestProxy proxy{snapshot_of(cluster_toml()), 64};
    std::string bytes = hostile_request(dice);
    if (dice.one_in(2)) bytes = dice.mutated(std::move(bytes));
    const Sent sent = proxy.deliver(bytes, "udp:192.0.2.7:5060");
    RC_ASSERT(!sent.outcome.sends() || sent.bytes.size() <= bytes.size() + 300);
}

/// A phone's answer to a server's call, then the same with one bit of our branch changed: no effect.
TEST(Outside, AnswersUnderAChangedBranchHaveNoEffect) {
    Dice dice{4};
    TestProxy proxy{snapshot_of(cluster_toml()), 1024};
    const TestCall call = TestCall::from_server(dice, kServers[1]);
    const Sent invite = proxy.deliver(call.request("INVITE", 1), call.from());
    ASSERT_TRUE(invite.forwarded());
    const std::string good = answer(invite.bytes, 200, "phone");
    const std::size_t begin = good.find("branch=") + 7;
    const std::size_t length = branch_of(good).size();
    for (std::size_t at = begin; at < begin + length; ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string bad = good;
            bad[at] = static_cast<char>(bad[at] ^ (1 << bit));
            if (to_lower(bad[at]) == to_lower(good[at]) && at >= begin + 10)
                continue;  // hex in the other case
            const Sent sent = proxy.deliver(bad, invite.to());
            ASSERT_FALSE(sent.outcome.sends()) << at << ' ' << bit << '\n' << sent.bytes;
            ASSERT_EQ(proxy.tables().calls.size(), 0U);
        }
    }
    // Nor by whoever else tries with the right branch: the dialog is the server's that asked.
    const Sent other = proxy.deliver(good, "udp:198.51.100.66:5060");
    EXPECT_EQ(other.to(), "udp:" + call.source);
    const DialogKey key = dialog_key(proxy.snapshot().key, call.call_id, call.from_tag, "phone");
    const auto owner = proxy.tables().calls.find(key, proxy.now());
    ASSERT_TRUE(owner);
    EXPECT_EQ(proxy.snapshot().servers[*proxy.snapshot().servers.by_id(owner->server)].name, "pbx-2");
}

/// An answer from outside goes to the server that asked, or nowhere, wherever its Via points.
RC_GTEST_PROP(Outside, AnswersGoToTheAskingServerOnly, (std::uint64_t seed)) {
    Dice dice{seed};
    TestProxy proxy{snapshot_of(cluster_toml()), 64};
    const TestCall call = TestCall::from_server(dice, dice.of(kServers));
    const Sent invite = proxy.deliver(call.request("INVITE", 1), call.from());
    RC_ASSERT(invite.forwarded());
    std::string bytes = answer(invite.bytes, 180, "phone");
    const std::size_t second = bytes.find("Via: ", bytes.find("Via: ") + 1);
    const std::size_t end = bytes.find("\r\n", second);
    constexpr std::array<std::string_view, 6> kDetours{
        ";maddr=198.51.100.66", ";received=198.51.100.66", ";rport=9",
        ";maddr=10.0.1.3",      ", SIP/2.0/UDP 1.2.3.4",   ""};
    if (dice.one_in(2)) {
        bytes.insert(dice.one_in(2) ? end : bytes.find(';', second), dice.of(kDetours));
    } else {
        std::string via = dice.mutated(bytes.substr(second, end - second));
        bytes.replace(second, end - second, via);
    }
    const Sent sent = proxy.deliver(bytes, invite.to());
    RC_ASSERT(!sent.outcome.sends() || sent.to() == "udp:" + call.source);
}

/// A Record-Route that somebody changed is as good as one without the parameter.
RC_GTEST_PROP(Outside, ChangedRecordRoutesHaveNoEffect, (std::uint64_t seed)) {
    Dice dice{seed};
    const auto snapshot = snapshot_of(cluster_toml());
    TestProxy proxy{snapshot, 64};
    TestCall call = TestCall::from_phone(dice);
    const Sent invite = proxy.deliver(call.request("INVITE", 1), call.from());
    const std::string route = header_values(invite.bytes, "Record-Route").at(0);
    call.to_tag = dice.word();
    call.routes = "<sip:203.0.113.10:5060;lr>";
    const Sent without = proxy.deliver(call.request("BYE", 2), call.from());
    const std::size_t begin = route.find("ss=") + 3;
    const std::size_t length = route.find('>') - begin;
    for (std::size_t at = begin; at < begin + length; ++at) {
        std::string changed = route;
        changed[at] =
            changed[at] == 'f' ? '0' : static_cast<char>(changed[at] == '9' ? 'a' : changed[at] + 1);
        call.routes = changed;
        const std::uint64_t before = *proxy.counter("invalid_record_routes");
        const Sent sent = proxy.deliver(call.request("BYE", 2), call.from());
        RC_ASSERT(sent.to() == without.to());
        RC_ASSERT(sent.bytes == without.bytes);
        RC_ASSERT(*proxy.counter("invalid_record_routes") == before + 1);
    }
}

/// Nobody can make an ACK vanish: only the To tag that we gave is absorbed.
RC_GTEST_PROP(Outside, ChangedReplyTagsHaveNoEffect, (std::uint64_t seed)) {
    Dice dice{seed};
    TestProxy proxy{snapshot_of(cluster_toml()), 64};
    TestCall call = TestCall::from_phone(dice);
    // Long enough that the answer has its headers by their long names.
    const Sent refused = proxy.deliver(
        call.request("INVITE", 1,
                     "Proxy-Require: x\r\nUser-Agent: a phone with a very long name, so to say\r\n"),
        call.from());
    RC_ASSERT(refused.outcome.what == Outcome::What::answered);
    const std::string to = header_values(refused.bytes, "To").at(0);
    const std::string tag = to.substr(to.find(";tag=") + 5);
    call.to_tag = tag;
    RC_ASSERT(proxy.deliver(call.request("ACK", 1), call.from()).outcome.what == Outcome::What::absorbed);
    for (std::size_t at = 0; at < tag.size(); ++at) {
        call.to_tag = tag;
        call.to_tag[at] = tag[at] == '0' ? '1' : '0';
        const Sent sent = proxy.deliver(call.request("ACK", 1), call.from());
        RC_ASSERT(sent.forwarded());
        RC_ASSERT(is_server(sent.to()));
    }
}

}  // namespace
}  // namespace sipsteer::test
