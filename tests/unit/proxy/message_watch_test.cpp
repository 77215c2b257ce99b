#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "proxy/auth_refusals.hpp"
#include "proxy/control_trace.hpp"
#include "proxy/message_trace.hpp"
#include "proxy/recent_calls.hpp"
#include "proxy/transfer_stories.hpp"

namespace sipsteer {
namespace {

/// A message that owns its bytes.
struct Text {
    explicit Text(std::string text) : bytes(std::move(text)) { EXPECT_TRUE(view.parse(bytes)) << bytes; }
    std::string bytes;
    MessageView view;
};

std::unique_ptr<Text> message(const std::string& first_line, const std::string& call_id,
                              const std::string& cseq, const std::string& more = "") {
    return std::make_unique<Text>(first_line +
                                  "\r\nVia: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n"
                                  "From: <sip:bob@example.com>;tag=f\r\nTo: <sip:carol@example.com>;tag=t\r\n"
                                  "Call-ID: " +
                                  call_id + "\r\nCSeq: " + cseq + "\r\nMax-Forwards: 70\r\n" + more +
                                  "Content-Length: 0\r\n\r\n");
}

std::unique_ptr<Text> request(const std::string& method, const std::string& call_id,
                              const std::string& more = "") {
    return message(method + " sip:carol@example.com SIP/2.0", call_id, "2 " + method, more);
}

std::unique_ptr<Text> response(int status, const std::string& call_id, const std::string& cseq,
                               const std::string& more = "") {
    return message("SIP/2.0 " + std::to_string(status) + " X", call_id, cseq, more);
}

TransferStories::Seen seen(std::int64_t at, RouteReason reason = RouteReason::in_dialog) {
    return {.at_ms = at, .from = "a", .to = "b", .server = "pbx", .reason = reason};
}

TEST(TransferStories, OneStoryFromReferToAnswer) {
    auto stories = std::make_unique<TransferStories>();
    const auto refer = request("REFER", "first");
    EXPECT_FALSE(stories->concerns(refer->view));
    EXPECT_TRUE(stories->add_refer(refer->view, {"second", "pbx-2"}, seen(1000)));
    EXPECT_FALSE(stories->add_refer(refer->view, {"second", "pbx-2"}, seen(1500)));  // a repetition
    const auto notify = request("NOTIFY", "first");
    ASSERT_TRUE(stories->concerns(notify->view));
    stories->add_step(notify->view, seen(1600));
    stories->add_transfer(request("INVITE", "third")->view, "second",
                          seen(1700, RouteReason::transfer_owner));
    const auto ok = response(200, "third", "2 INVITE");
    ASSERT_TRUE(stories->concerns(ok->view));
    stories->add_step(ok->view, seen(1800));
    EXPECT_FALSE(stories->concerns(request("INVITE", "fourth")->view));
    EXPECT_FALSE(stories->concerns(request("OPTIONS", "third")->view));

    const auto list = stories->list(10);
    ASSERT_EQ(list.size(), 1U);
    EXPECT_EQ(list[0].reason, "transfer_owner");
    EXPECT_EQ(list[0].status, 200);
    EXPECT_EQ(list[0].invite_call_id, "third");
    ASSERT_EQ(list[0].steps.size(), 4U);
    EXPECT_EQ(list[0].steps[0].message, "REFER");
    EXPECT_EQ(list[0].steps[0].copies, 2U);
    EXPECT_EQ(list[0].steps[3].message, "200 (INVITE)");
}

TEST(TransferStories, TheSecondTransferOfACallIsAnotherStory) {
    auto stories = std::make_unique<TransferStories>();
    for (const char* call_id : {"one", "two"}) {
        stories->add_transfer(request("INVITE", call_id)->view, "replaced",
                              seen(1, RouteReason::transfer_owner));
        stories->add_step(response(481, call_id, "2 INVITE")->view, seen(2));
    }
    const auto list = stories->list(10);
    ASSERT_EQ(list.size(), 2U);
    EXPECT_EQ(list[0].invite_call_id, "two");  // newest first
    EXPECT_EQ(list[1].status, 481);
}

TEST(TransferStories, ARepetitionIsNotAnotherStorysInvite) {
    auto stories = std::make_unique<TransferStories>();
    const auto invite = request("INVITE", "one");
    stories->add_transfer(invite->view, "replaced", seen(1, RouteReason::transfer_owner));
    stories->add_refer(request("REFER", "two")->view, {"replaced", ""}, seen(2));
    stories->add_transfer(invite->view, "replaced", seen(3, RouteReason::transfer_waiting));
    const auto list = stories->list(10);
    ASSERT_EQ(list.size(), 2U);
    EXPECT_TRUE(list[0].invite_call_id.empty());
    EXPECT_EQ(list[1].reason, "transfer_owner");
    EXPECT_EQ(list[1].steps[0].copies, 2U);
}

TEST(TransferStories, BoundedInStoriesStepsAndText) {
    auto stories = std::make_unique<TransferStories>();
    const std::string longer(300, 'x');
    stories->add_transfer(request("INVITE", longer)->view, longer, seen(1, RouteReason::transfer_owner));
    for (int status = 180; status < 280; ++status) {
        stories->add_step(response(status, longer, "2 INVITE")->view, seen(status));
    }
    EXPECT_EQ(stories->list(1)[0].steps.size(), TransferStories::kSteps);
    EXPECT_LT(stories->list(1)[0].invite_call_id.size(), 200U);
    for (std::size_t i = 0; i < 3 * TransferStories::kStories; ++i) {
        const std::string call_id = "call-" + std::to_string(i);
        stories->add_transfer(request("INVITE", call_id)->view, "r" + call_id,
                              seen(1, RouteReason::transfer_owner));
        EXPECT_TRUE(stories->concerns(request("BYE", call_id)->view)) << call_id;
    }
    EXPECT_EQ(stories->list(1000).size(), TransferStories::kStories);
    EXPECT_FALSE(stories->concerns(request("BYE", "call-0")->view));  // forgotten
    EXPECT_FALSE(stories->concerns(request("BYE", longer)->view));
}

struct TraceTest : testing::Test {
    void pass(const std::string& call_id, bool of_transfer = false, std::int64_t at = 0) {
        const auto sessions = trace.wanted_by(call_id, of_transfer);
        if (sessions == 0) return;
        Outcome outcome;
        outcome.what = Outcome::What::forwarded;
        outcome.reason = RouteReason::in_dialog;
        trace.add(sessions, outcome, {bytes, {}}, snapshot, at);
    }
    std::size_t got(MessageTrace::Session session) {
        return trace.poll(session, 0, 10000, 0)->messages.size();
    }

    MessageTrace trace;
    Snapshot snapshot{.key = ClusterKey::derive({})};
    std::string bytes = "INVITE sip:x SIP/2.0\r\n\r\n";
};

TEST_F(TraceTest, EachSessionGetsItsOwn) {
    EXPECT_FALSE(trace.active());
    const auto all = trace.open({}, 0);
    const auto call = trace.open({TraceFilter::What::call_id, "one"}, 0);
    const auto transfers = trace.open({.what = TraceFilter::What::transfers}, 0);
    EXPECT_TRUE(trace.active());
    pass("one");
    pass("two", true);
    pass("three");
    EXPECT_EQ(got(*all), 3U);
    EXPECT_EQ(got(*call), 1U);
    EXPECT_EQ(got(*transfers), 1U);
    const auto batch = trace.poll(*all, 1, 1, 0);
    EXPECT_EQ(batch->messages.size(), 1U);
    EXPECT_EQ(batch->next, 2U);
    EXPECT_EQ(batch->messages[0].bytes, bytes);
}

TEST_F(TraceTest, EndsWhenNobodyPolls) {
    const auto first = trace.open({}, 0);
    ASSERT_TRUE(trace.poll(*first, 0, 1, MessageTrace::kAwakeMs));
    trace.expire(2 * MessageTrace::kAwakeMs);
    EXPECT_TRUE(trace.active());
    trace.expire(2 * MessageTrace::kAwakeMs + 1);
    EXPECT_FALSE(trace.active());
    EXPECT_FALSE(trace.poll(*first, 0, 1, 0));
    // The next one in its place does not see what was the first one's.
    const auto second = trace.open({}, 0);
    EXPECT_EQ(got(*second), 0U);
    for (std::size_t i = 1; i < MessageTrace::kSessions; ++i) EXPECT_TRUE(trace.open({}, 0));
    EXPECT_FALSE(trace.open({}, 0));
    trace.close(*second);
    EXPECT_TRUE(trace.open({}, 0));
}

TEST_F(TraceTest, LossyAndBounded) {
    const auto session = trace.open({}, 0);
    bytes = std::string(3 * MessageTrace::kMostBytes, 'x');
    for (std::uint32_t i = 0; i < MessageTrace::kPerSecond + 5; ++i) pass("one");
    const auto batch = trace.poll(*session, 0, 10000, 0);
    EXPECT_EQ(batch->messages.size(), MessageTrace::kSlots);
    EXPECT_EQ(batch->lost, 5U);
    EXPECT_EQ(batch->messages[0].bytes.size(), MessageTrace::kMostBytes);
    EXPECT_EQ(batch->messages[0].size, bytes.size());
    pass("one", false, 1000);  // the next second
    EXPECT_EQ(trace.poll(*session, batch->next, 10, 0)->messages.size(), 1U);
}

TEST(TraceText, ALineThenTheMessage) {
    EXPECT_EQ(trace_text(R"({"sequence":1,"at_ms":3723004,"from":"udp:192.0.2.1:5060","from_server":"",
        "to":"udp:127.0.1.1:5060","to_server":"pbx-1","outcome":"forwarded","reason":"new_call","drop":"","size":16,
        "message":"INVITE x\r\nA: b\u001b\r\n\r\n"})"),
              "01:02:03.004 udp:192.0.2.1:5060 -> pbx-1 (udp:127.0.1.1:5060)  forwarded new_call\n"
              "    INVITE x\n    A: b\\x1b\n\n");
    EXPECT_EQ(trace_text("{}"), "");
    EXPECT_EQ(trace_text("x"), "");
}

const ClusterKey kKey = ClusterKey::derive({});

TEST(AuthRefusals, AChallengeIsNone) {
    auto refusals = std::make_unique<AuthRefusals>();
    refusals->note_request(kKey, request("REGISTER", "a")->view);
    EXPECT_FALSE(refusals->note_response(kKey, response(401, "a", "2 REGISTER")->view));
    refusals->note_request(kKey, request("REGISTER", "b", "Authorization: Digest x\r\n")->view);
    EXPECT_FALSE(refusals->note_response(kKey, response(200, "b", "2 REGISTER")->view));
    EXPECT_FALSE(refusals->note_response(kKey, response(401, "b", "3 REGISTER")->view));
    EXPECT_FALSE(refusals->note_response(
        kKey, response(401, "b", "2 REGISTER", "WWW-Authenticate: Digest stale=true\r\n")->view));
    EXPECT_TRUE(refusals->note_response(kKey, response(401, "b", "2 REGISTER")->view));
    EXPECT_TRUE(refusals->note_response(kKey, response(403, "b", "2 REGISTER")->view));
    // Proxy-Authorization: told by the challenge before it.
    EXPECT_FALSE(refusals->note_response(kKey, response(407, "c", "2 INVITE")->view));
    EXPECT_TRUE(refusals->note_response(kKey, response(407, "c", "3 INVITE")->view));
}

TEST(AuthRefusals, OneLineASecondForEachAddress) {
    auto refusals = std::make_unique<AuthRefusals>();
    const IpAddress one = *parse_ip("192.0.2.1");
    EXPECT_EQ(refusals->count(one, 1000), 1U);
    EXPECT_FALSE(refusals->count(one, 1001));
    EXPECT_EQ(refusals->count(*parse_ip("192.0.2.2"), 1002), 1U);
    EXPECT_FALSE(refusals->count(one, 1999));
    EXPECT_EQ(refusals->count(one, 2000), 3U);
    EXPECT_EQ(refusals->total(), 5U);
}

TEST(RecentCalls, NewestFirstAndBounded) {
    auto calls = std::make_unique<RecentCalls>();
    calls->add(response(180, "a", "2 INVITE")->view, 7, 1);
    calls->add(response(200, "a", "2 INVITE")->view, 7, 2);
    calls->add(response(200, "b", "2 INVITE")->view, 8, 3);
    const auto found = calls->find("a", 10);
    ASSERT_EQ(found.size(), 2U);
    EXPECT_EQ(found[0].status, 200);
    EXPECT_EQ(found[0].from, "sip:bob@example.com");
    EXPECT_EQ(found[0].server, 7U);
    EXPECT_EQ(calls->find("a", 1).size(), 1U);
    EXPECT_TRUE(calls->find("c", 10).empty());
    const auto again = response(200, "b", "2 INVITE");
    for (std::size_t i = 0; i < RecentCalls::kCalls; ++i) calls->add(again->view, 8, 4);
    EXPECT_TRUE(calls->find("a", 10).empty());
    const std::string longer(300, 'x');
    calls->add(response(200, longer, "2 INVITE")->view, 8, 5);
    EXPECT_EQ(calls->find(longer, 10).size(), 1U);
}

}  // namespace
}  // namespace sipsteer
