#include "parser/stream_framer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "tests/corpus/corpus.hpp"
#include "tests/fuzz/laws/exact_bytes.hpp"
#include "tests/fuzz/laws/laws.hpp"

namespace sipsteer {
namespace {

using What = StreamFrame::What;

std::string message(std::string_view length_line, std::string_view body = {}) {
    return "OPTIONS sip:carol@example.com SIP/2.0\r\nVia: SIP/2.0/TCP 192.0.2.7:5060;branch=z9hG4bKa\r\n" +
           std::string{length_line} + "\r\n" + std::string{body};
}

/// A framer with the bytes that a connection would hold for it.
struct Reader {
    StreamFramer framer{65535};
    std::string pending;
    std::vector<std::string> messages;
    std::size_t pings = 0;
    std::size_t blanks = 0;
    ParseError error = ParseError::kCount;  ///< kCount: the stream is sound

    void add(std::string_view bytes) {
        pending += bytes;
        while (error == ParseError::kCount) {
            const ExactBytes exact{pending};
            const StreamFrame frame = framer.next(exact.view());
            if (frame.what == What::incomplete) return;
            if (frame.what == What::broken) error = frame.error;
            if (frame.what == What::message) messages.push_back(pending.substr(0, frame.size));
            if (frame.what == What::ping) ++pings;
            if (frame.what == What::blank) ++blanks;
            pending.erase(0, frame.size);
        }
    }
};

Reader read(std::string_view bytes) {
    Reader reader;
    reader.add(bytes);
    return reader;
}

TEST(StreamFramer, TakesAMessageAtItsContentLength) {
    const std::string one = message("Content-Length: 4\r\n", "body");
    const Reader reader = read(one + "OPT");
    EXPECT_EQ(reader.messages, std::vector{one});
    EXPECT_EQ(reader.pending, "OPT");
}

TEST(StreamFramer, TakesTheSameFromEverySplit) {
    const std::string stream = "\r\n\r\n" + message("Content-Length: 0\r\n") +
                               message("X: y\r\nl:\r\n 12\r\n", "\r\n\r\nINVITE s") + "\r\n\r\n\r\n" +
                               message("CONTENT-LENGTH : 3 \r\nX: y\r\n", "abc");
    const Reader whole = read(stream);
    ASSERT_EQ(whole.messages.size(), 3U);
    EXPECT_EQ(whole.pings, 2U);
    for (std::size_t first = 0; first <= stream.size(); ++first) {
        for (const std::size_t second : {first, first + 1, first + 2, first + 40, stream.size()}) {
            if (second < first || second > stream.size()) continue;
            Reader reader;
            reader.add(stream.substr(0, first));
            reader.add(stream.substr(first, second - first));
            reader.add(stream.substr(second));
            ASSERT_EQ(reader.messages, whole.messages) << first << ' ' << second;
            ASSERT_EQ(reader.pings, whole.pings) << first << ' ' << second;
            ASSERT_TRUE(reader.pending.empty());
        }
    }
    Reader bytewise;
    for (const char c : stream) bytewise.add({&c, 1});
    EXPECT_EQ(bytewise.messages, whole.messages);
    EXPECT_EQ(bytewise.pings, whole.pings);
    EXPECT_EQ(bytewise.blanks, whole.blanks);
}

TEST(StreamFramer, TakesTenOfOneSegment) {
    std::string stream;
    for (int i = 0; i < 10; ++i)
        stream += message("Content-Length: 1\r\n", std::string(1, static_cast<char>('0' + i)));
    const Reader reader = read(stream);
    ASSERT_EQ(reader.messages.size(), 10U);
    EXPECT_EQ(reader.messages[7].back(), '7');
    EXPECT_TRUE(reader.pending.empty());
}

TEST(StreamFramer, NeverTakesAMessageOutOfABody) {
    const std::string body = "\r\n\r\nINVITE sip:a@b SIP/2.0\r\nContent-Length: 0\r\n\r\n";
    const Reader reader = read(message("Content-Length: " + std::to_string(body.size()) + "\r\n", body));
    ASSERT_EQ(reader.messages.size(), 1U);
    EXPECT_TRUE(reader.messages[0].ends_with(body));
    EXPECT_TRUE(reader.pending.empty());
}

TEST(StreamFramer, AnswersEveryDoubleCrlfAndNoSingleOne) {
    EXPECT_EQ(read("\r\n").pings, 0U);
    EXPECT_EQ(read("\r\n\r\n").pings, 1U);
    EXPECT_EQ(read("\r\n\r\n\r\n\r\n").pings, 2U);
    // A CRLF before a message and one behind it are no pair.
    EXPECT_EQ(read("\r\n" + message("l: 0\r\n") + "\r\n").pings, 0U);
    Reader later;
    later.add("\r\n");
    EXPECT_TRUE(later.pending.empty());
    later.add("\r\n");
    EXPECT_EQ(later.pings, 1U);
}

TEST(StreamFramer, WithoutASoundContentLengthTheStreamIsBroken) {
    struct Case {
        std::string_view line;
        ParseError error;
    };
    const Case cases[] = {
        {"", ParseError::missing_content_length},
        {"Content-Length:\r\n", ParseError::bad_content_length},
        {"Content-Length: -1\r\n", ParseError::bad_content_length},
        {"Content-Length: +1\r\n", ParseError::bad_content_length},
        {"Content-Length: 0x1\r\n", ParseError::bad_content_length},
        {"Content-Length: 1, 1\r\n", ParseError::bad_content_length},
        {"Content-Length: 4294967297\r\n", ParseError::bad_content_length},
        {"Content-Length: 4294967328\r\n", ParseError::bad_content_length},
        {"Content-Length: 18446744073709551616\r\n", ParseError::bad_content_length},
        {"Content-Length: 1\r\nContent-Length: 1\r\n", ParseError::duplicate_header},
        {"Content-Length: 1\r\nX: y\r\nL: 2\r\n", ParseError::duplicate_header},
        {"Content-Length: 65535\r\n", ParseError::message_too_large},
        {"Content-Length\v: 1\r\n", ParseError::missing_content_length},
        {"X: y\r\n Content-Length: 1\r\n", ParseError::missing_content_length},
        {"X: y\nContent-Length: 1\r\n", ParseError::bad_line_end},
        {"X: y\rContent-Length: 1\r\n", ParseError::bad_line_end},
    };
    for (const Case& one : cases) {
        const Reader reader = read(message(one.line, "xINVITE sip:a@b SIP/2.0\r\nl: 0\r\n\r\n"));
        EXPECT_EQ(to_string(reader.error), to_string(one.error)) << one.line;
        EXPECT_TRUE(reader.messages.empty()) << one.line;
    }
    EXPECT_EQ(read("\n").error, ParseError::bad_line_end);
    EXPECT_EQ(read(std::string_view{"\0", 1}).error, ParseError::bad_line_end);
    EXPECT_EQ(read("\rx").error, ParseError::bad_line_end);
    EXPECT_EQ(read("l: 4\r\n\r\n").error, ParseError::missing_content_length);  // a start line is no header
}

TEST(StreamFramer, ReadsABrokenMessageAsFarAsAnAnswerNeeds) {
    StreamFramer framer{65535};
    const std::string bytes = message("Content-Length: x\r\n", "rest");
    const StreamFrame frame = framer.next(bytes);
    EXPECT_EQ(frame.what, What::broken);
    EXPECT_EQ(bytes.substr(frame.size), "rest");
}

TEST(StreamFramer, BoundsHeaderSectionAndMessage) {
    const std::string fits = message("Content-Length: 65000\r\n");
    const std::string line = "X: " + std::string(1000, 'x') + "\r\n";
    Reader reader;
    std::size_t sent = 0;
    reader.add("OPTIONS sip:a@b SIP/2.0\r\n");
    while (reader.error == ParseError::kCount && sent < 200000) {
        reader.add(line);
        sent += line.size();
    }
    EXPECT_EQ(reader.error, ParseError::message_too_large);
    EXPECT_LT(sent, 67000U);
    EXPECT_EQ(read(fits).error, ParseError::kCount);
    StreamFramer small{fits.size()};
    EXPECT_EQ(small.next(fits).error, ParseError::message_too_large);
}

TEST(StreamFramer, GoesOnBehindAMessageThatIsOnlyMalformed) {
    const Reader reader = read("HELLO\r\nl: 2\r\n\r\nxx" + message("l: 0\r\n"));
    ASSERT_EQ(reader.messages.size(), 2U);
    EXPECT_EQ(reader.messages[0], "HELLO\r\nl: 2\r\n\r\nxx");
}

TEST(StreamFramer, ObeysItsLawOnTheCorpus) {
    for (const corpus::Message& one : corpus::load_all()) {
        for (const char step : {'\x03', '\x40'}) {
            const ExactBytes bytes(step + one.bytes + message("l: 2\r\n", "ab"));
            EXPECT_EQ(laws::stream_framer_law(bytes.view()), "") << one.name;
        }
    }
}

}  // namespace
}  // namespace sipsteer
