// Bugs that SIP servers really had, in the sizes that are too long for a file of the corpus.
#include <gtest/gtest.h>

#include <string>

#include "parser/message_view.hpp"
#include "parser/name_addr.hpp"
#include "parser/sip_uri.hpp"
#include "tests/fuzz/laws/exact_bytes.hpp"
#include "tests/fuzz/laws/laws.hpp"

namespace sipsteer {
namespace {

std::string message(const std::string& extra, const std::string& tag = "f1") {
    return "INVITE sip:bob@pbx.example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bK1\r\nFrom: "
           "<sip:ann@example.net>;tag=" +
           tag + "\r\nTo: <sip:bob@pbx.example.com>\r\nCall-ID: c1\r\nCSeq: 1 INVITE\r\n" + extra + "\r\n";
}

std::string verdict(const std::string& text, const ParseLimits& limits = {}) {
    const ExactBytes bytes(text);
    EXPECT_EQ(laws::message_view_law(bytes.view()), "");
    MessageView view;
    const auto result = view.parse(bytes.view(), limits);
    return result ? "ok" : std::string(to_string(result.error()));
}

TEST(Faults, HeaderNamesOfEveryLength) {
    for (std::size_t size = 1; size <= 65000; size = size < 600 ? size + 1 : size * 3 / 2) {
        const std::string name = std::string(size, 'N');
        const std::string expected = size <= 256 ? "ok" : size + 6 <= 16384 ? "bad_header" : "line_too_long";
        ASSERT_EQ(verdict(message(name + ": x\r\n")), expected) << size;
    }
}

TEST(Faults, TagsOfEveryLength) {
    for (const std::size_t size : {1U, 2U, 127U, 128U, 254U, 255U, 256U, 257U, 511U, 512U, 1023U, 1024U}) {
        ASSERT_EQ(verdict(message("", std::string(size, 't'))), "ok") << size;
    }
    for (const std::size_t size : {1025U, 4096U, 16000U}) {
        ASSERT_EQ(verdict(message("", std::string(size, 't'))), "value_too_long") << size;
    }
    ASSERT_EQ(verdict(message("", std::string(65000, 't'))), "line_too_long");
    ASSERT_EQ(verdict(message("", "")), "bad_from");
}

TEST(Faults, TenThousandHeaders) {
    std::string many;
    for (int i = 0; i < 10000; ++i) many += "X: y\r\n";
    EXPECT_EQ(verdict(message(many)), "too_many_headers");
    EXPECT_EQ(verdict(message(many), {.headers = 0xffffffff}), "too_many_headers");
}

TEST(Faults, ManyVias) {
    std::string one_header = "Via: SIP/2.0/UDP h";
    for (int i = 0; i < 600; ++i) one_header += ", SIP/2.0/UDP h";
    EXPECT_EQ(verdict(message(one_header + "\r\n")), "ok");
    std::string many;
    for (int i = 0; i < 70; ++i) many += "v: SIP/2.0/UDP h\r\n";
    EXPECT_EQ(verdict(message(many)), "ok");
}

TEST(Faults, TheLargestDatagram) {
    const std::string head = message("");
    const std::string text = head + std::string(65507 - head.size(), '\r');
    EXPECT_EQ(verdict(text), "ok");
    MessageView view;
    ASSERT_TRUE(view.parse(text));
    EXPECT_EQ(view.bytes().size(), 65507U);
}

TEST(Faults, FloodsEndInLinearTime) {
    // Each of these was quadratic, or recursed, in some parser; here they only must come back.
    const std::size_t size = 60000;
    for (const char flood : {';', ',', '<', '>', '"', '\\', ':', '@', '[', '%', '(', ' ', '\t', '='}) {
        const std::string run(size, flood);
        (void)verdict(message("Subject: " + run + "\r\n"), {.line_bytes = 1000000});
        (void)verdict(message("f: " + run + "\r\n"), {.line_bytes = 1000000});
        for (const auto law : {laws::via_law, laws::name_addr_law, laws::sip_uri_law, laws::replaces_law,
                               laws::refer_to_law}) {
            for (const std::string prefix :
                 {"", "sip:", "\"", "<sip:", "SIP/2.0/UDP h;x=\"", "x;", "<sip:b@h?Replaces="}) {
                const ExactBytes bytes(prefix + run);
                ASSERT_EQ(law(bytes.view()), "") << prefix << flood;
            }
        }
    }
    std::string folds = "Subject: x";
    for (std::size_t i = 0; i < size / 3; ++i) folds += "\r\n ";
    EXPECT_EQ(verdict(message(folds + "\r\n"), {.line_bytes = 1000000}), "ok");
}

TEST(Faults, UriFloods) {
    EXPECT_TRUE(SipUri::parse("sip:h" + std::string(4000, ';')));
    EXPECT_FALSE(SipUri::parse("sip:" + std::string(4000, '@') + "h"));
    EXPECT_TRUE(NameAddr::parse("<sip:h" + std::string(16000, ';') + ">"));
    EXPECT_FALSE(NameAddr::parse(std::string(16000, '<') + "sip:h" + std::string(16000, '>')));
}

}  // namespace
}  // namespace sipsteer
