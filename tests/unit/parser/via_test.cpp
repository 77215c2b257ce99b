#include "parser/via.hpp"

#include <gtest/gtest.h>

#include <string>

#include "parser/identifier.hpp"

namespace sipsteer {
namespace {

struct Case {
    std::string text;
    std::string transport;
    std::string host;
    std::uint16_t port;
    std::string branch;
};

TEST(Via, ReadsSentByAndBranch) {
    const Case kCases[] = {
        {"SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1", "UDP", "192.0.2.1", 5060, "z9hG4bK1"},
        {"SIP/2.0/UDP 192.0.2.1", "UDP", "192.0.2.1", 0, ""},
        {"sip/2.0/tls h.example.com;BRANCH=x", "tls", "h.example.com", 0, "x"},
        {"SIP/2.0/UDP [2001:db8::1]:5060;branch=x", "UDP", "[2001:db8::1]", 5060, "x"},
        {"SIP/2.0/UDP [2001:db8::1];branch=x", "UDP", "[2001:db8::1]", 0, "x"},
        {"SIP/2.0/UDP [::ffff:192.0.2.10]:19823;branch=x", "UDP", "[::ffff:192.0.2.10]", 19823, "x"},
        {"SIP / 2.0 / TCP  h : 65535 ; branch = x ", "TCP", "h", 65535, "x"},
        {"SIP\t/\t2.0\r\n /UDP\r\n\th\r\n ;\r\n branch=\r\n x", "UDP", "h", 0, "x"},
        {"SIP/2.0/X-new_1 under_score;branch=x", "X-new_1", "under_score", 0, "x"},
        {"SIP/2.0/UDP h;ttl=1;maddr=224.0.0.1;hidden;branch=x;y=\"a,b;branch=z\"", "UDP", "h", 0, "x"},
        {"SIP/2.0/UDP h;y=\"\\\",\";branch=x", "UDP", "h", 0, "x"},
        {"SIP/2.0/UDP h:005060;branch=x", "UDP", "h", 5060, "x"},
        {"SIP/2.0/UDP h;branch=z9hG4bK-.!%66*_+`'~", "UDP", "h", 0, "z9hG4bK-.!%66*_+`'~"},
        {"SIP/2.0/UDP h;branch=first;branch=second", "UDP", "h", 0, "first"},
        {"SIP/2.0/UDP h;xbranch=no;branch=yes", "UDP", "h", 0, "yes"},
        {"SIP/2.0/UDP h;branch", "UDP", "h", 0, ""},
    };
    for (const Case& c : kCases) {
        const auto via = ViaView::parse(c.text);
        ASSERT_TRUE(via) << c.text;
        EXPECT_EQ(via->transport, c.transport) << c.text;
        EXPECT_EQ(via->host, c.host) << c.text;
        EXPECT_EQ(via->port, c.port) << c.text;
        EXPECT_EQ(via->branch, c.branch) << c.text;
        EXPECT_EQ(via->rest, "") << c.text;
    }
}

TEST(Via, RefusesWhatItCannotAnswerTo) {
    for (const char* text : {"",
                             " ",
                             "SIP",
                             "SIP/2.0",
                             "SIP/2.0/",
                             "SIP/2.0/UDP",
                             "SIP/2.0/UDP ",
                             "SIP/2.0/UDP;branch=x",
                             "SIP/2.0/UDP [",
                             "SIP/2.0/UDP :]",
                             "SIP/2.0/UDP []",
                             "SIP/2.0/UDP [:]",
                             "SIP/2.0/UDP [2001:db8::1",
                             "SIP/2.0/UDP [g::1]",
                             "SIP/2.0/UDP [::1%25eth0]",
                             "SIP/2.0/UDP :5060",
                             "SIP/2.0/UDP h:0",
                             "SIP/2.0/UDP h:65536",
                             "SIP/2.0/UDP h:",
                             "SIP/2.0/UDP h:-1",
                             "SIP/2.0/UDP h:+5",
                             "SIP/2.0/UDP h:0x10",
                             "SIP/2.0/UDP h:4294972356",
                             "SIP/2.0/UDP h:5060x",
                             "SIP/3.0/UDP h",
                             "SIP/2.1/UDP h",
                             "HTTP/2.0/UDP h",
                             "2.0/UDP h",
                             "SIP/2.0/UDPh",
                             "SIP/2.0/UDP a b",
                             "SIP/2.0/UDP h;",
                             "SIP/2.0/UDP h;;branch=x",
                             "SIP/2.0/UDP h;branch=",
                             "SIP/2.0/UDP h;rport=\"x",
                             "SIP/2.0/UDP h;received=;",
                             "SIP/2.0/UDP h;=x",
                             "SIP/2.0/UDP h;branch=\"x",
                             "SIP/2.0/UDP h;branch=x y",
                             "SIP/2.0/UDP <h>",
                             "SIP/2.0/UDP \"h\"",
                             "SIP/2.0/UDP h(comment)",
                             "SIP/2.0/UDP h@i",
                             "SIP/2.0/UDP h,",
                             "SIP/2.0/UDP h , ",
                             ", SIP/2.0/UDP h"}) {
        const auto via = ViaView::parse(text);
        ASSERT_FALSE(via) << text;
        EXPECT_EQ(via.error(), ParseError::bad_via) << text;
    }
}

TEST(Via, LimitsTheBranch) {
    EXPECT_TRUE(ViaView::parse("SIP/2.0/UDP h;branch=" + std::string(kMaxIdentifier, 'x')));
    const auto via = ViaView::parse("SIP/2.0/UDP h;branch=" + std::string(kMaxIdentifier + 1, 'x'));
    ASSERT_FALSE(via);
    EXPECT_EQ(via.error(), ParseError::value_too_long);
}

TEST(Via, ReadsReceivedRportAndMaddr) {
    const struct {
        const char* text;
        const char* received;
        bool has_rport;
        const char* rport;
        const char* maddr;
    } kCases[] = {
        {"SIP/2.0/UDP h", "", false, "", ""},
        {"SIP/2.0/UDP h;rport", "", true, "", ""},
        {"SIP/2.0/UDP h;RPort;branch=x", "", true, "", ""},
        {"SIP/2.0/UDP h;rport=5062;received=192.0.2.9", "192.0.2.9", true, "5062", ""},
        {"SIP/2.0/UDP h;received=[2001:db8::9]", "[2001:db8::9]", false, "", ""},
        {"SIP/2.0/UDP h;received=2001:db8::9;rport=1", "2001:db8::9", true, "1", ""},
        {"SIP/2.0/UDP h;Received = 192.0.2.9 ; rport", "192.0.2.9", true, "", ""},
        {"SIP/2.0/UDP h;maddr=[2001:db8::1]", "", false, "", "[2001:db8::1]"},
        {"SIP/2.0/UDP h;received=1.1.1.1;received=2.2.2.2;rport=1;rport=2", "1.1.1.1", true, "1", ""},
        {"SIP/2.0/UDP h;rportx=1;xreceived=2", "", false, "", ""},
        {"SIP/2.0/UDP h;rport=;branch=x", "", true, "", ""},
        {"SIP/2.0/UDP h;received=;rport=", "", true, "", ""},
        {"SIP/2.0/UDP h;received = ;maddr=1.1.1.1;received=2.2.2.2", "", false, "", "1.1.1.1"},
    };
    for (const auto& c : kCases) {
        const auto via = ViaView::parse(c.text);
        ASSERT_TRUE(via) << c.text;
        EXPECT_EQ(via->received, c.received) << c.text;
        EXPECT_EQ(via->has_rport, c.has_rport) << c.text;
        EXPECT_EQ(via->rport, c.rport) << c.text;
        EXPECT_EQ(via->maddr, c.maddr) << c.text;
    }
}

TEST(Via, AnEmptySourceIsNoViewBehindTheValue) {
    for (const char* text :
         {"SIP/2.0/UDP h;rport= , SIP/2.0/UDP g", "SIP/2.0/UDP h;received=  ,SIP/2.0/UDP g"}) {
        const auto via = ViaView::parse(text);
        ASSERT_TRUE(via) << text;
        EXPECT_EQ(via->rport.data(), nullptr) << text;
        EXPECT_EQ(via->received.data(), nullptr) << text;
    }
}

TEST(Via, TellsThatTheSourceStandsThereTwice) {
    for (const char* text : {"SIP/2.0/UDP h;rport;rport", "SIP/2.0/UDP h;received=1.1.1.1;x;received=1.1.1.1",
                             "SIP/2.0/UDP h;rport=;received=;RPORT=4", "SIP/2.0/UDP h;received=;received="}) {
        const auto via = ViaView::parse(text);
        ASSERT_TRUE(via) << text;
        EXPECT_TRUE(via->source_repeats) << text;
    }
    EXPECT_FALSE(ViaView::parse("SIP/2.0/UDP h;rport;received=1.1.1.1;x;x")->source_repeats);
}

TEST(Via, KnowsWhereTheParametersStand) {
    constexpr std::string_view kText =
        " SIP/2.0/UDP h:5 ;rport ;received = 1.2.3.4;x , SIP/2.0/TCP i;branch=2";
    const auto via = ViaView::parse(kText);
    ASSERT_TRUE(via);
    EXPECT_EQ(via->value, "SIP/2.0/UDP h:5 ;rport ;received = 1.2.3.4;x");
    EXPECT_EQ(via->parameters, " ;rport ;received = 1.2.3.4;x");
    EXPECT_EQ(via->rport_whole, ";rport");
    EXPECT_EQ(via->received_whole, ";received = 1.2.3.4");
    EXPECT_EQ(via->rest, "SIP/2.0/TCP i;branch=2");
    const auto bare = ViaView::parse("SIP/2.0/UDP h:5");
    ASSERT_TRUE(bare);
    EXPECT_TRUE(bare->parameters.empty());
    EXPECT_EQ(bare->parameters.data(), bare->value.data() + bare->value.size())
        << "where a parameter would be added";
}

TEST(Via, TakesTheFirstOfSeveralValues) {
    const std::pair<const char*, const char*> kCases[] = {
        {"SIP/2.0/UDP a,SIP/2.0/UDP b", "SIP/2.0/UDP b"},
        {"SIP/2.0/UDP a;x=\",\" ,\r\n SIP/2.0/UDP b, SIP/2.0/UDP c", "SIP/2.0/UDP b, SIP/2.0/UDP c"},
        {"SIP/2.0/UDP a , junk that nobody looks at", "junk that nobody looks at"},
    };
    for (const auto& [text, rest] : kCases) {
        const auto via = ViaView::parse(text);
        ASSERT_TRUE(via) << text;
        EXPECT_EQ(via->host, "a") << text;
        EXPECT_EQ(via->rest, rest) << text;
    }
}

}  // namespace
}  // namespace sipsteer
