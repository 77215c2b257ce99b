#include "parser/header_lines.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/corpus/corpus.hpp"
#include "tests/fuzz/laws/exact_bytes.hpp"

namespace sipsteer {
namespace {

TEST(HeaderLines, WalkOverEveryLine) {
    const std::string text =
        "OPTIONS sip:a@b SIP/2.0\r\nv:SIP/2.0/UDP h\r\nf: <sip:a@b>\r\nt: <sip:a@b>\r\ni: x\r\nCSeq: 1 "
        "OPTIONS\r\n"
        "X-One \t:  a: b \r\nX-Two:\r\n folded\r\n\tagain\r\nX-Empty:\r\nx-one: second\r\n\r\nX-Body: no\r\n";
    MessageView message;
    ASSERT_TRUE(message.parse(text));
    std::string seen;
    HeaderLine line;
    for (HeaderLines lines{message}; lines.next(line);) {
        seen += std::string(line.name) + "=" + std::string(line.value) + "|";
        EXPECT_TRUE(line.line.ends_with("\r\n"));
    }
    EXPECT_EQ(seen,
              "v=SIP/2.0/UDP h|f=<sip:a@b>|t=<sip:a@b>|i=x|CSeq=1 OPTIONS|X-One=a: "
              "b|X-Two=folded\r\n\tagain|X-Empty=|x-one=second|");
    EXPECT_EQ(find_header(message, "x-ONE"), "a: b");
    EXPECT_EQ(find_header(message, "X-Empty"), "");
    EXPECT_EQ(find_header(message, "X-Body"), "");
    EXPECT_EQ(find_header(message, "X-On"), "");
}

TEST(HeaderLines, TogetherAreTheHeaderSection) {
    for (const corpus::Message& sample : corpus::load_all()) {
        const ExactBytes bytes(sample.bytes);
        MessageView message;
        if (!message.parse(bytes.view())) continue;
        std::string together(message.start_line());
        HeaderLine line;
        for (HeaderLines lines{message}; lines.next(line);) {
            EXPECT_FALSE(line.name.empty()) << sample.name;
            together += line.line;
        }
        EXPECT_EQ(together + "\r\n" + std::string(message.body()), message.bytes()) << sample.name;
    }
}

}  // namespace
}  // namespace sipsteer
