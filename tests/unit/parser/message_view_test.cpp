#include "parser/message_view.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/fuzz/laws/exact_bytes.hpp"
#include "tests/fuzz/laws/laws.hpp"

namespace sipsteer {
namespace {

/// A sound message; each test replaces one line of it, or adds some.
struct Draft {
    std::string start = "INVITE sip:bob@pbx.example.com SIP/2.0";
    std::string via = "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1";
    std::string max_forwards = "Max-Forwards: 70";
    std::string from = "From: <sip:ann@example.net>;tag=f1";
    std::string to = "To: <sip:bob@pbx.example.com>";
    std::string call_id = "Call-ID: c1@192.0.2.7";
    std::string cseq = "CSeq: 1 INVITE";
    std::string more = {};
    std::string body = {};

    [[nodiscard]] std::string text() const {
        std::string out;
        for (const std::string* line : {&start, &via, &max_forwards, &from, &to, &call_id, &cseq, &more}) {
            if (!line->empty()) out += *line + "\r\n";
        }
        return out + "\r\n" + body;
    }
};

std::string verdict(const std::string& text) {
    const ExactBytes bytes(text);
    EXPECT_EQ(laws::message_view_law(bytes.view()), "") << text;
    MessageView message;
    const auto result = message.parse(bytes.view());
    return result ? "ok" : std::string(to_string(result.error()));
}

/// One line of the draft, as written in each case, and what the message then is.
void expect_verdicts(std::string Draft::*line,
                     std::initializer_list<std::pair<std::string, const char*>> cases) {
    for (const auto& [text, expected] : cases) {
        Draft draft;
        draft.*line = text;
        EXPECT_EQ(verdict(draft.text()), expected) << text;
    }
}

TEST(MessageView, ReadsARequest) {
    Draft draft;
    draft.to += ";tag=t1";
    draft.more = "Content-Length: 3";
    draft.body = "abcdef";
    const std::string text = draft.text();
    MessageView message;
    ASSERT_TRUE(message.parse(text));
    EXPECT_TRUE(message.is_request());
    EXPECT_EQ(message.method(), Method::invite);
    EXPECT_EQ(message.method_token(), "INVITE");
    EXPECT_EQ(message.request_uri(), "sip:bob@pbx.example.com");
    EXPECT_EQ(message.start_line(), draft.start + "\r\n");
    EXPECT_EQ(message.top_via().branch, "z9hG4bK1");
    EXPECT_EQ(message.call_id(), "c1@192.0.2.7");
    EXPECT_EQ(message.from_tag(), "f1");
    EXPECT_EQ(message.to_tag(), "t1");
    EXPECT_EQ(message.cseq_number(), 1U);
    EXPECT_EQ(message.max_forwards(), 70);
    EXPECT_EQ(message.body(), "abc");
    EXPECT_EQ(message.bytes(), std::string_view(text).substr(0, text.size() - 3));
    EXPECT_EQ(std::string_view(message.headers_end(), 5), "\r\nabc");
    EXPECT_EQ(message.value(HeaderId::content_length), "3");
    EXPECT_FALSE(message.has(HeaderId::route));
    EXPECT_EQ(message.value(HeaderId::route), "");
}

TEST(MessageView, ReadsAResponse) {
    Draft draft;
    draft.start = "SIP/2.0 180 Ringing";
    MessageView message;
    const std::string text = draft.text();
    ASSERT_TRUE(message.parse(text));
    EXPECT_FALSE(message.is_request());
    EXPECT_EQ(message.status_code(), 180);
    EXPECT_EQ(message.method(), Method::invite);
    EXPECT_EQ(message.method_token(), "INVITE");
    EXPECT_FALSE(message.can_answer());
}

TEST(MessageView, RequestLine) {
    expect_verdicts(&Draft::start, {{"INVITE sip:a@b SIP/2.0", "ok"},
                                    {"INVITE sip:a@b sip/2.0", "ok"},
                                    {"INVITE sip:a@b SiP/2.0", "ok"},
                                    {"INVITE tel:+15550100 SIP/2.0", "ok"},
                                    {"INVITE x SIP/2.0", "ok"},  // the scheme is for routing: 416
                                    {"INVITE sip:a@b SIP/7.0", "bad_version"},
                                    {"INVITE sip:a@b SIP/2.1", "bad_version"},
                                    {"INVITE sip:a@b SIP/2.00", "bad_version"},
                                    {"INVITE sip:a@b SIP/1.0", "bad_version"},
                                    {"INVITE  sip:a@b SIP/2.0", "bad_start_line"},
                                    {"INVITE sip:a@b  SIP/2.0", "bad_start_line"},
                                    {"INVITE\tsip:a@b SIP/2.0", "bad_start_line"},
                                    {"INVITE sip:a@b\tSIP/2.0", "bad_start_line"},
                                    {"INVITE sip:a@b SIP/2.0 ", "bad_start_line"},
                                    {"INVITE sip:a@b; lr SIP/2.0", "bad_start_line"},
                                    {"INVITE <sip:a@b> SIP/2.0", "bad_start_line"},
                                    {"INVITE \"sip:a@b\" SIP/2.0", "bad_start_line"},
                                    {"INVITE SIP/2.0", "bad_start_line"},
                                    {"INVITE  SIP/2.0", "bad_start_line"},
                                    {" sip:a@b SIP/2.0", "not_sip"},
                                    {" INVITE sip:a@b SIP/2.0", "not_sip"},
                                    {"INVITE sip:a@b", "not_sip"},
                                    {"INVITE sip:a@b HTTP/1.1", "not_sip"},
                                    {"GET / HTTP/1.1", "not_sip"},
                                    {"IN<VITE sip:a@b SIP/2.0", "not_sip"},
                                    {"INVITE sip:a@b SIP/x.0", "not_sip"},
                                    {"INVITE", "not_sip"},
                                    {"invite sip:a@b SIP/2.0", "cseq_method_mismatch"}});
}

TEST(MessageView, StatusLine) {
    expect_verdicts(&Draft::start, {{"SIP/2.0 100 Trying", "ok"},
                                    {"SIP/2.0 100 ", "ok"},
                                    {"SIP/2.0 100", "ok"},
                                    {"sip/2.0 200 OK", "ok"},
                                    {"SIP/2.0 699 \xd0\xb8", "ok"},
                                    {"SIP/2.0 200  two blanks", "ok"},
                                    {"SIP/2.0 099 Low", "bad_start_line"},
                                    {"SIP/2.0 700 High", "bad_start_line"},
                                    {"SIP/2.0 999 High", "bad_start_line"},
                                    {"SIP/2.0 2000 Long", "bad_start_line"},
                                    {"SIP/2.0 20 Short", "bad_start_line"},
                                    {"SIP/2.0 4294967301 Wraps", "bad_start_line"},
                                    {"SIP/2.0 -10 Sign", "bad_start_line"},
                                    {"SIP/2.0 2x0 Letter", "bad_start_line"},
                                    {"SIP/2.0 200\tTab", "bad_start_line"},
                                    {"SIP/2.0\t200 Tab", "bad_start_line"},
                                    {"SIP/2.0  200 Blanks", "bad_start_line"},
                                    {"SIP/3.0 200 OK", "bad_start_line"},
                                    {"SIP/2.0 ", "bad_start_line"},
                                    {"SIP/2.0", "not_sip"}});
}

TEST(MessageView, NoiseIsNotSip) {
    for (const std::string& noise :
         {std::string("\x00\x01\x00\x00\x21\x12\xa4\x42", 8), std::string("\x80\x00\x12\x34", 4),
          std::string("\x16\x03\x01\x02\x00", 5), std::string("GET / HTTP/1.0\r\n\r\n"), std::string("x"),
          std::string("\n"), std::string("\r"), std::string("hello world\r\n\r\n"), std::string(1500, '\xff'),
          std::string(1500, ' ')}) {
        EXPECT_EQ(verdict(noise), "not_sip");
        EXPECT_FALSE(MessageView::is_keepalive(noise) && noise.size() > 1);
    }
    for (const std::string& quiet :
         {std::string(), std::string("\r\n"), std::string("\r\n\r\n"), std::string("\0\0\0\0", 4)}) {
        EXPECT_TRUE(MessageView::is_keepalive(quiet));
        EXPECT_EQ(verdict(quiet), "not_sip");
    }
}

TEST(MessageView, SkipsCrlfBeforeTheStartLine) {
    EXPECT_EQ(verdict("\r\n" + Draft{}.text()), "ok");
    EXPECT_EQ(verdict("\r\n\r\n\r\n" + Draft{}.text()), "ok");
    EXPECT_EQ(verdict("\n" + Draft{}.text()), "not_sip");
    EXPECT_EQ(verdict(" \r\n" + Draft{}.text()), "not_sip");
    const std::string text = "\r\n\r\n" + Draft{}.text();
    MessageView message;
    ASSERT_TRUE(message.parse(text));
    EXPECT_EQ(message.bytes().data(), text.data() + 4);
}

TEST(MessageView, HeaderNames) {
    expect_verdicts(&Draft::call_id, {{"call-id: x", "ok"},
                                      {"CALL-ID:x", "ok"},
                                      {"i:x", "ok"},
                                      {"I \t :\t x \t", "ok"},
                                      {"Call-ID:\r\n x", "ok"},
                                      {"Call-ID:\r\n \r\n x", "ok"},
                                      {"Call-ID\r\n : x", "bad_header"},
                                      {"Call-ID\x0b: x", "bad_header"},
                                      {"Call-ID\x01: x", "bad_header"},
                                      {"Call-ID\xa0: x", "bad_header"},
                                      {"Call-ID x", "bad_header"},
                                      {"Call ID: x", "bad_header"},
                                      {" Call-ID: x", "missing_call_id"},  // a fold of the line before
                                      {": x", "bad_header"},
                                      {"Call-IDs: x", "missing_call_id"}});
    EXPECT_EQ(verdict(Draft{.more = std::string(256, 'n') + ": x"}.text()), "ok");
    EXPECT_EQ(verdict(Draft{.more = std::string(257, 'n') + ": x"}.text()), "bad_header");
    EXPECT_EQ(verdict(Draft{.more = std::string(65000, 'n') + ": x"}.text()), "line_too_long");
    EXPECT_EQ(verdict(Draft{.more = "X-Odd: ;;,,\"<\nx"}.text()), "bad_line_end");
    EXPECT_EQ(verdict(Draft{.more = "X-Odd: ;;,,\"<\x01\xff"}.text()), "ok");
    EXPECT_EQ(verdict(Draft{.more = "X-Empty:"}.text()), "ok");
}

TEST(MessageView, LineEnds) {
    for (const std::string odd : {"\n", "\r", "\r\r\n", "\n\r"}) {
        Draft draft;
        draft.max_forwards += odd + "Subject: x";
        EXPECT_EQ(verdict(draft.text()), "bad_line_end");
    }
    Draft draft;
    draft.more = "Subject: a" + std::string(1, '\0') + "b";
    EXPECT_EQ(verdict(draft.text()), "bad_line_end");
    draft.more = "Subject: \"a\\" + std::string(1, '\0') + "b\"";
    EXPECT_EQ(verdict(draft.text()), "bad_line_end");
    draft.more = "Subject: a\n b";
    EXPECT_EQ(verdict(draft.text()), "bad_line_end");

    std::string lf_only;
    for (const char c : Draft{}.text()) {
        if (c != '\r') lf_only += c;
    }
    EXPECT_EQ(verdict(lf_only), "bad_line_end");
    // In the body everything is allowed.
    EXPECT_EQ(verdict(Draft{.body = std::string("\n\r\0\r", 4)}.text()), "ok");
}

TEST(MessageView, AStrayControlByteCanBeAnswered) {
    for (const std::string& line : {std::string("Call-ID: x\n y"), std::string("Call-ID: x\ry"),
                                    "Call-ID: x" + std::string(1, '\0'), std::string("Call-ID: x y")}) {
        const std::string text = Draft{.call_id = line}.text();
        MessageView message;
        EXPECT_FALSE(message.parse(text)) << line;
        EXPECT_TRUE(message.can_answer()) << line;
    }
    const std::string folded =
        Draft{.call_id = "Call-ID: x", .cseq = "CSeq: 1\r\n\tINVITE", .more = "Content-Length: -1"}.text();
    MessageView message;
    EXPECT_FALSE(message.parse(folded));
    EXPECT_TRUE(message.can_answer());
}

TEST(MessageView, TheMandatoryHeaders) {
    const std::tuple<std::string Draft::*, const char*> kMissing[] = {
        {&Draft::via, "missing_via"},         {&Draft::from, "missing_from"}, {&Draft::to, "missing_to"},
        {&Draft::call_id, "missing_call_id"}, {&Draft::cseq, "missing_cseq"}, {&Draft::max_forwards, "ok"},
    };
    for (const auto& [line, expected] : kMissing) {
        expect_verdicts(line, {{"", expected}});
        Draft twice;
        twice.more = twice.*line;
        EXPECT_EQ(verdict(twice.text()), line == &Draft::via ? "ok" : "duplicate_header") << twice.more;
    }
    EXPECT_EQ(verdict(Draft{.more = "t: <sip:eve@example.org>;tag="}.text()), "duplicate_header");
    EXPECT_EQ(verdict(Draft{.more = "Content-Length: 0\r\nl : 0"}.text()), "duplicate_header");
}

TEST(MessageView, CallId) {
    expect_verdicts(&Draft::call_id, {{"Call-ID: word%ZK-!.*_+'@word`~)(><:\\/\"][?}{", "ok"},
                                      {"Call-ID: x", "ok"},
                                      {"Call-ID:", "bad_call_id"},
                                      {"Call-ID: \t ", "bad_call_id"},
                                      {"Call-ID: a b", "bad_call_id"},
                                      {"Call-ID: a\r\n b", "bad_call_id"},
                                      {"Call-ID: " + std::string(1024, 'x'), "ok"},
                                      {"Call-ID: " + std::string(1025, 'x'), "value_too_long"}});
}

TEST(MessageView, CSeq) {
    expect_verdicts(&Draft::cseq, {{"CSeq: 0 INVITE", "ok"},
                                   {"CSeq: 2147483647 INVITE", "ok"},
                                   {"CSeq: 0000000000000000000001 INVITE", "ok"},
                                   {"CSeq:1\r\n \tINVITE", "ok"},
                                   {"CSeq: 2147483648 INVITE", "bad_cseq"},
                                   {"CSeq: 4294967297 INVITE", "bad_cseq"},
                                   {"CSeq: 18446744073709551617 INVITE", "bad_cseq"},
                                   {"CSeq: " + std::string(400, '9') + " INVITE", "bad_cseq"},
                                   {"CSeq: -1 INVITE", "bad_cseq"},
                                   {"CSeq: +1 INVITE", "bad_cseq"},
                                   {"CSeq: 0x1 INVITE", "bad_cseq"},
                                   {"CSeq: 1INVITE", "bad_cseq"},
                                   {"CSeq: INVITE", "bad_cseq"},
                                   {"CSeq: INVITE 1", "bad_cseq"},
                                   {"CSeq: 1", "bad_cseq"},
                                   {"CSeq: 1 ", "bad_cseq"},
                                   {"CSeq: 1 INVITE x", "bad_cseq"},
                                   {"CSeq: 1 INVITE;x", "bad_cseq"},
                                   {"CSeq:", "bad_cseq"},
                                   {"CSeq: 1 invite", "cseq_method_mismatch"},
                                   {"CSeq: 1 ACK", "cseq_method_mismatch"}});
}

TEST(MessageView, FromAndTo) {
    expect_verdicts(&Draft::from,
                    {{"From: sip:ann@example.net", "ok"},
                     {"From: sip:ann@example.net;tag=1", "ok"},
                     {"f:\"x\\\"\" <isbn:1> ;\r\n tag = 1", "ok"},
                     {"From: <sip:ann@example.net>;tag=" + std::string(1024, 'x'), "ok"},
                     {"From: <sip:ann@example.net>;tag=" + std::string(1025, 'x'), "value_too_long"},
                     {"From: <sip:ann@example.net>;tag=" + std::string(16000, 'x'), "value_too_long"},
                     {"From: <sip:ann@example.net>;tag=" + std::string(65000, 'x'), "line_too_long"},
                     {"From: <sip:ann@example.net>;tag=", "bad_from"},
                     {"From: <sip:ann@example.net>;tag", "bad_from"},
                     {"From: <sip:ann@example.net>;tag=1;tag=2", "bad_from"},
                     {"From: \"x <sip:ann@example.net>;tag=1", "bad_from"},
                     {"From: <sip:ann@example.net;tag=1", "bad_from"},
                     {"From: <sip:ann@example.net>;tag=1, <sip:eve@example.net>", "bad_from"},
                     {"From: <sip:ann@example.net>;tag=1,", "bad_from"},
                     {"From: Bell, Alexander <sip:a.g.bell@example.com>;tag=43", "bad_from"},
                     {"From:", "bad_from"}});
    expect_verdicts(&Draft::to, {{"To: \"a;tag=evil\" <sip:a@b;tag=inuri>;tag=real", "ok"},
                                 {"To: <>", "bad_to"},
                                 {"To: < sip:a@b >", "bad_to"}});
    const std::string text = Draft{.to = "To: \"a;tag=evil\" <sip:a@b;tag=inuri>;tag=real"}.text();
    MessageView message;
    ASSERT_TRUE(message.parse(text));
    EXPECT_EQ(message.to_tag(), "real");
}

TEST(MessageView, MaxForwards) {
    for (const auto& [value, expected] : std::initializer_list<std::pair<const char*, int>>{
             {"0", 0}, {"1", 1}, {"70", 70}, {"0068", 68}, {"255", 255}, {"\r\n 7 ", 7}}) {
        const std::string text = Draft{.max_forwards = std::string("Max-Forwards:") + value}.text();
        MessageView message;
        ASSERT_TRUE(message.parse(text)) << value;
        EXPECT_EQ(message.max_forwards(), expected);
    }
    for (const char* value : {"256", "4294967296", "4294967366", "18446744073709551686", "-1", "+1", "abc",
                              "", "7 0", "0x10", "70,"}) {
        expect_verdicts(&Draft::max_forwards, {{std::string("Max-Forwards: ") + value, "bad_max_forwards"}});
    }
    const std::string none = Draft{.max_forwards = ""}.text();
    MessageView message;
    ASSERT_TRUE(message.parse(none));
    EXPECT_EQ(message.max_forwards(), -1);
}

TEST(MessageView, ContentLength) {
    const struct {
        std::string value;
        const char* verdict;
        std::size_t body;
    } kCases[] = {
        {"0", "ok", 0},
        {"5", "ok", 5},
        {"10", "ok", 10},
        {"0005", "ok", 5},
        {" \t5 ", "ok", 5},
        {"\r\n 5", "ok", 5},
        {std::string(400, '0'), "ok", 0},
        {"11", "body_truncated", 0},
        {"2147483647", "body_truncated", 0},
        {"2147483648", "bad_content_length", 0},
        {"4294967296", "bad_content_length", 0},
        {"4294967301", "bad_content_length", 0},
        {"18446744073709551616", "bad_content_length", 0},
        {"18446744073709551621", "bad_content_length", 0},
        {std::string(400, '9'), "bad_content_length", 0},
        {"-1", "bad_content_length", 0},
        {"+5", "bad_content_length", 0},
        {"0x5", "bad_content_length", 0},
        {"5 5", "bad_content_length", 0},
        {"5,5", "bad_content_length", 0},
        {"5;x", "bad_content_length", 0},
        {"", "bad_content_length", 0},
    };
    for (const auto& c : kCases) {
        for (const char* name : {"Content-Length:", "l:", "CONTENT-length :"}) {
            const std::string text = Draft{.more = name + c.value, .body = "0123456789"}.text();
            EXPECT_EQ(verdict(text), c.verdict) << c.value;
            MessageView message;
            if (message.parse(text)) {
                EXPECT_EQ(message.body(), std::string_view("0123456789").substr(0, c.body)) << c.value;
            }
        }
    }
    const std::string absent = Draft{.body = "all of it"}.text();
    MessageView message;
    ASSERT_TRUE(message.parse(absent));
    EXPECT_EQ(message.body(), "all of it");
}

TEST(MessageView, ChainsHeadersOfOneName) {
    const std::string text = Draft{.via = "Via: SIP/2.0/UDP a;branch=1, SIP/2.0/UDP b\r\nRoute: <sip:1>",
                                   .more = "v: SIP/2.0/UDP c\r\nroute : <sip:2>\r\nROUTE:<sip:3>"}
                                 .text();
    MessageView message;
    ASSERT_TRUE(message.parse(text));
    EXPECT_EQ(message.top_via().host, "a");
    EXPECT_EQ(message.top_via().rest, "SIP/2.0/UDP b");
    std::string routes;
    for (const HeaderField* field = message.find(HeaderId::route); field != nullptr;
         field = message.next(*field)) {
        routes += field->value;
    }
    EXPECT_EQ(routes, "<sip:1><sip:2><sip:3>");
    const HeaderField* second = message.next(*message.find(HeaderId::via));
    ASSERT_NE(second, nullptr);
    EXPECT_EQ(second->line, "v: SIP/2.0/UDP c\r\n");
    EXPECT_EQ(message.next(*second), nullptr);
}

TEST(MessageView, Limits) {
    const auto with_lines = [](std::size_t lines) {
        std::string more;
        for (std::size_t i = 6; i < lines; ++i)
            more += (more.empty() ? "" : "\r\n") + std::string("Route: <sip:") + std::to_string(i) + ">";
        return Draft{.more = more}.text();
    };
    EXPECT_EQ(verdict(with_lines(128)), "ok");
    EXPECT_EQ(verdict(with_lines(129)), "too_many_headers");
    EXPECT_EQ(verdict(with_lines(10000)), "too_many_headers");

    MessageView message;
    const std::string most = with_lines(ParseLimits::kMaxHeaders);
    EXPECT_TRUE(message.parse(most, {.headers = 100000}));
    const std::string over = with_lines(ParseLimits::kMaxHeaders + 1);
    const auto result = message.parse(over, {.headers = 100000});
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error(), ParseError::too_many_headers);
    EXPECT_TRUE(message.can_answer());

    const std::string line = Draft{.more = "Subject: " + std::string(100, 'x')}.text();
    EXPECT_TRUE(message.parse(line, {.line_bytes = 111}));
    EXPECT_EQ(message.parse(line, {.line_bytes = 110}).error(), ParseError::line_too_long);
    std::string folds = "Subject:";
    for (int i = 0; i < 6000; ++i) folds += "\r\n x";
    EXPECT_EQ(verdict(Draft{.more = folds}.text()), "line_too_long");
    EXPECT_EQ(verdict(Draft{.start = "INVITE sip:" + std::string(4097, 'a') + " SIP/2.0"}.text()),
              "value_too_long");
}

TEST(MessageView, AFoldThatLooksLikeAHeaderIsNone) {
    const std::string text =
        Draft{.more = "Subject: x\r\n Replaces: y;to-tag=1;from-tag=2\r\n\tContent-Length: 5"}.text();
    MessageView message;
    ASSERT_TRUE(message.parse(text));
    EXPECT_FALSE(message.has(HeaderId::replaces));
    EXPECT_FALSE(message.has(HeaderId::content_length));
}

TEST(MessageView, KeepsWhatAnAnswerNeeds) {
    // Each fault alone leaves the other fields readable.
    for (const auto& [line, text] : std::initializer_list<std::pair<std::string Draft::*, std::string>>{
             {&Draft::cseq, "CSeq: x"},
             {&Draft::to, "To: <"},
             {&Draft::from, ""},
             {&Draft::call_id, "Call-ID: a b"},
             {&Draft::max_forwards, "Max-Forwards: x"},
             {&Draft::more, "junk"},
             {&Draft::more, "l: 99"},
             {&Draft::start, "INVITE  sip:a@b SIP/2.0"},
             {&Draft::start, "INVITE sip:a@b SIP/4.0"}}) {
        Draft draft;
        draft.*line = text;
        const std::string bytes = draft.text();
        MessageView message;
        EXPECT_FALSE(message.parse(bytes)) << text;
        EXPECT_TRUE(message.can_answer()) << text;
        EXPECT_EQ(message.top_via().branch, "z9hG4bK1") << text;
        EXPECT_EQ(message.method_token(), "INVITE") << text;
    }
    for (const char* via : {"", "Via: SIP/2.0/UDP :]", "Via: "}) {
        const std::string bytes = Draft{.via = via}.text();
        MessageView message;
        EXPECT_FALSE(message.parse(bytes));
        EXPECT_FALSE(message.can_answer());
    }
}

}  // namespace
}  // namespace sipsteer
