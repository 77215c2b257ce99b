#include "routing/reply.hpp"

#include <gtest/gtest.h>

#include "routing/branch.hpp"
#include "routing/router.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/fuzz/laws/exact_bytes.hpp"
#include "tests/oracle/message_maker.hpp"
#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

const Source kPhone{sample::endpoint("198.51.100.9", 40000), 0, std::nullopt};
const KeyedHash kSign = sample::key().sign;

/// Makes a request long enough for an answer in full.
constexpr const char* kLong = "User-Agent: a phone whose name makes its requests long enough for any answer";

std::string answer(const MessageView& request, const Reply& reply) {
    std::vector<char> out(70000);
    const auto size = write_reply(request, kPhone, reply, kSign, out);
    return size ? std::string(out.data(), *size) : "(none)";
}

TEST(Reply, CopiesWhatRfc3261Says) {
    sample::Draft draft;
    draft.vias = {"v: SIP/2.0/UDP 192.0.2.7:5060;rport;branch=z9hG4bK1, SIP/2.0/TCP a", "Via: SIP/2.0/TLS b"};
    draft.from = "f:\"A\"\r\n <sip:ann@example.net>;tag=f1";
    draft.more = {kLong};
    const sample::Message request = draft.message();
    const ReplyTag tag = make_reply_tag(kSign, request.view());
    EXPECT_EQ(
        answer(request.view(), {.status = 483, .reason_phrase = "Too Many Hops"}),
        "SIP/2.0 483 Too Many Hops\r\n"
        "Via: SIP/2.0/UDP 192.0.2.7:5060;received=198.51.100.9;rport=40000;branch=z9hG4bK1, SIP/2.0/TCP a\r\n"
        "Via: SIP/2.0/TLS b\r\n"
        "From: \"A\"\r\n <sip:ann@example.net>;tag=f1\r\n"
        "To: <sip:bob@pbx.example.com>;tag=" +
            std::string(tag.data(), tag.size()) +
            "\r\n"
            "Call-ID: c1@192.0.2.7\r\n"
            "CSeq: 1 INVITE\r\n"
            "Content-Length: 0\r\n\r\n");
}

TEST(Reply, KeepsTheTagOfADialogAndAddsWhatIsAsked) {
    sample::Draft draft;
    draft.to += ";tag=t1";
    draft.more = {"Proxy-Require: a, b", "Proxy-Require: c", kLong};
    const std::string text =
        answer(draft.message().view(),
               {.status = 420, .reason_phrase = "Bad Extension", .retry_after = 5, .unsupported = true});
    EXPECT_NE(text.find("To: <sip:bob@pbx.example.com>;tag=t1\r\n"), std::string::npos);
    EXPECT_NE(text.find("Unsupported: a, b\r\nUnsupported: c\r\nRetry-After: 5\r\n"), std::string::npos);
}

TEST(Reply, IsTheSameForARetransmissionAndReadable) {
    oracle::MessageMaker maker(21);
    for (int i = 0; i < 2000; ++i) {
        const auto made = maker.make();
        const sample::Message request(made.bytes);
        if (!request.view().is_request()) continue;
        const std::string text = answer(request.view(), {.status = 400, .reason_phrase = "Bad"});
        ASSERT_EQ(text, answer(request.view(), {.status = 400, .reason_phrase = "Bad"}));
        const sample::Message reply(text);
        ASSERT_EQ(reply.view().call_id(), request.view().call_id());
        ASSERT_EQ(reply.view().from_tag(), request.view().from_tag());
        ASSERT_FALSE(reply.view().to_tag().empty());
        ASSERT_EQ(reply.view().cseq_number(), request.view().cseq_number());
        ASSERT_EQ(reply.view().top_via().branch, request.view().top_via().branch);
    }
}

TEST(Reply, IsNeverLongerThanTheRequestOfAStranger) {
    oracle::MessageMaker maker(22);
    const Source server{kPhone.endpoint, 0, ServerIndex{0}};
    int shortened = 0;
    for (int i = 0; i < 2000; ++i) {
        const auto made = maker.make();
        const sample::Message request(made.bytes);
        if (!request.view().is_request()) continue;
        const Reply reply{.status = 400, .reason_phrase = "Bad"};
        const std::string text = answer(request.view(), reply);
        ASSERT_LE(text.size(), request.view().bytes().size());
        std::vector<char> out(70000);
        const auto whole = write_reply(request.view(), server, reply, kSign, out);
        ASSERT_TRUE(whole);
        shortened += text.size() < *whole ? 1 : 0;
    }
    EXPECT_GT(shortened, 10);
}

TEST(Reply, ToEveryBrokenMessageOfTheCorpusIsOneSoundMessage) {
    // CVE-2023-28095 and its kind: the answer to a broken request is built from broken parts.
    int answered = 0;
    for (const corpus::Message& sample : corpus::load_all()) {
        const ExactBytes bytes(sample.bytes);
        MessageView request;
        const auto parsed = request.parse(bytes.view());
        if (parsed) continue;
        const RouteDecision decision = Router::decide_broken(request, parsed.error());
        const Reply* reply = std::get_if<Reply>(&decision.action);
        ASSERT_EQ(reply != nullptr, sample.answerable) << sample.name;
        if (reply == nullptr) continue;
        ++answered;
        const std::string text = answer(request, *reply);
        if (text == "(none)") continue;  // longer than the message, see above
        EXPECT_TRUE(text.starts_with(sample.verdict == "bad_version" ? "SIP/2.0 505 " : "SIP/2.0 400 "))
            << sample.name;
        // One message, and the broken parts start no header of their own.
        EXPECT_EQ(text.find("\r\n\r\n"), text.size() - 4) << sample.name;
        for (std::size_t at = 0; at < text.size(); ++at) {
            ASSERT_NE(text[at], '\0') << sample.name;
            if (text[at] == '\n') {
                ASSERT_EQ(text[at - 1], '\r') << sample.name;
            }
            if (text[at] == '\r') {
                ASSERT_EQ(text[at + 1], '\n') << sample.name;
            }
        }
        std::vector<char> out(text.size() - 1);
        EXPECT_FALSE(write_reply(request, kPhone, *reply, kSign, out)) << sample.name;
    }
    EXPECT_GT(answered, 30);
}

}  // namespace
}  // namespace sipsteer
