#include "parser/sip_uri.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sipsteer {
namespace {

TEST(SipUri, ReadsItsParts) {
    const struct {
        std::string text;
        UriScheme scheme;
        const char* user;
        const char* userinfo;
        const char* host;
        int port;
        const char* parameters;
        const char* headers;
    } kCases[] = {
        {"sip:h", UriScheme::sip, "", "", "h", 0, "", ""},
        {"sip:a@h", UriScheme::sip, "a", "a", "h", 0, "", ""},
        {"SIPS:a:pw@h.example.com:5061;transport=tcp", UriScheme::sips, "a", "a:pw", "h.example.com", 5061,
         ";transport=tcp", ""},
        {"sip:a@[2001:db8::1]:5070;lr?x=y&z=", UriScheme::sip, "a", "a", "[2001:db8::1]", 5070, ";lr",
         "x=y&z="},
        {"sip:[2001:db8::10:5070]", UriScheme::sip, "", "", "[2001:db8::10:5070]", 0, "", ""},
        {"sip:[2001:db8:::192.0.2.1]", UriScheme::sip, "", "", "[2001:db8:::192.0.2.1]", 0, "", ""},
        {"sip:user;par=u%40example.net@example.com", UriScheme::sip, "user;par=u%40example.net",
         "user;par=u%40example.net", "example.com", 0, "", ""},
        {"sip:a?b/c&=+$,d@h;x", UriScheme::sip, "a?b/c&=+$,d", "a?b/c&=+$,d", "h", 0, ";x", ""},
        {"sip:1_oddness.!~*'()&par&=+$,;?/:;&&@example.com", UriScheme::sip, "1_oddness.!~*'()&par&=+$,;?/",
         "1_oddness.!~*'()&par&=+$,;?/:;&&", "example.com", 0, "", ""},
        {"sip:nul-%00-nul@h", UriScheme::sip, "nul-%00-nul", "nul-%00-nul", "h", 0, "", ""},
        {"sip:a@h?Route=%3Csip:evil%3E", UriScheme::sip, "a", "a", "h", 0, "", "Route=%3Csip:evil%3E"},
        {"sip:h?a=b;c", UriScheme::sip, "", "", "h", 0, "", "a=b;c"},
        {"sip:a@h;", UriScheme::sip, "a", "a", "h", 0, ";", ""},
        {"sip:under_score.example", UriScheme::sip, "", "", "under_score.example", 0, "", ""},
        {"sip:a@h:00005060", UriScheme::sip, "a", "a", "h", 5060, "", ""},
        {"sip:\xd0\xb8@h", UriScheme::sip, "\xd0\xb8", "\xd0\xb8", "h", 0, "", ""},
        {"tel:+1-201-555-0123;phone-context=x", UriScheme::tel, "", "", "", 0, "", ""},
        {"urn:service:sos", UriScheme::urn, "", "", "", 0, "", ""},
        {"soap.beep://192.0.2.103:3002", UriScheme::other, "", "", "", 0, "", ""},
        {"nobodyKnowsThisScheme:totallyopaquecontent", UriScheme::other, "", "", "", 0, "", ""},
        {"sipx:a@h", UriScheme::other, "", "", "", 0, "", ""},
        {"http://www.example.com", UriScheme::other, "", "", "", 0, "", ""},
    };
    for (const auto& c : kCases) {
        const auto uri = SipUri::parse(c.text);
        ASSERT_TRUE(uri) << c.text;
        EXPECT_EQ(uri->whole, c.text);
        EXPECT_EQ(uri->scheme, c.scheme) << c.text;
        EXPECT_EQ(uri->user, c.user) << c.text;
        EXPECT_EQ(uri->userinfo, c.userinfo) << c.text;
        EXPECT_EQ(uri->host, c.host) << c.text;
        EXPECT_EQ(uri->port, c.port) << c.text;
        EXPECT_EQ(uri->parameters, c.parameters) << c.text;
        EXPECT_EQ(uri->headers, c.headers) << c.text;
        EXPECT_EQ(uri->is_sip(), c.scheme == UriScheme::sip || c.scheme == UriScheme::sips) << c.text;
    }
}

TEST(SipUri, RefusesWhatIsNone) {
    for (const std::string text : {"",
                                   ":",
                                   "sip",
                                   "sip:",
                                   "sip:@h",
                                   "sip:a@",
                                   "sip::pw@h",
                                   "sip:a@h@i",
                                   "sip:a@:5060",
                                   "sip:h:",
                                   "sip:h:0",
                                   "sip:h:65536",
                                   "sip:h:-1",
                                   "sip:h:4294972356",
                                   "sip:h:5060x",
                                   "sip:h:99999999999999999999999",
                                   "sip:2001:db8::10",
                                   "sip:[]",
                                   "sip:[:]",
                                   "sip:[2001:db8::1",
                                   "sip:[2001:db8::1]x",
                                   "sip:2001:db8::1]",
                                   "sip:[::g]",
                                   "sip:[::1%25eth0]",
                                   "sip:a b@h",
                                   "sip:a@h ",
                                   " sip:a@h",
                                   "sip:a@h\t",
                                   "sip:a@<h>",
                                   "<sip:a@h>",
                                   "sip:\"a\"@h",
                                   "sip:a@h/x",
                                   "sip:a@h,b",
                                   "sip:a@h&x",
                                   "1sip:a@h",
                                   "si p:a@h",
                                   "@:x",
                                   "sip:a@h\x7f",
                                   "sip:a@h\r\n x",
                                   "sip:a@%68",
                                   "sip:;lr",
                                   "sip:?x=y"}) {
        const auto uri = SipUri::parse(text);
        ASSERT_FALSE(uri) << text;
        EXPECT_EQ(uri.error(), ParseError::bad_uri) << text;
    }
    EXPECT_FALSE(SipUri::parse(std::string_view("sip:a\0@h", 8)));
}

TEST(SipUri, LimitsItsLength) {
    const std::string prefix = "sip:a@";
    EXPECT_TRUE(SipUri::parse(prefix + std::string(kMaxUri - prefix.size(), 'h')));
    const auto uri = SipUri::parse(prefix + std::string(kMaxUri - prefix.size() + 1, 'h'));
    ASSERT_FALSE(uri);
    EXPECT_EQ(uri.error(), ParseError::value_too_long);
}

TEST(SipUri, ReadsTheParametersThatRoute) {
    const struct {
        const char* text;
        bool lr;
        const char* transport;
        const char* maddr;
    } kCases[] = {
        {"sip:h", false, "", ""},
        {"sip:h;lr", true, "", ""},
        {"sip:h;LR", true, "", ""},
        {"sip:h;lr=on;transport=TLS", true, "TLS", ""},
        {"sip:h;Transport=udp;MAddr=192.0.2.1;lr", true, "udp", "192.0.2.1"},
        {"sip:h;maddr=[::1]", false, "", "[::1]"},
        {"sip:h;xlr;lrx", false, "", ""},
        {"sip:lr@h", false, "", ""},
        {"sip:a;lr@h", false, "", ""},
        {"sip:h?lr", false, "", ""},
        {"sip:h;x=;lr", true, "", ""},
        {"sip:h;transport=tcp;transport=udp", false, "tcp", ""},
        {"sip:h;;;lr", true, "", ""},
        {"sip:h;x=lr", false, "", ""},
    };
    for (const auto& c : kCases) {
        const auto uri = SipUri::parse(c.text);
        ASSERT_TRUE(uri) << c.text;
        EXPECT_EQ(uri->lr, c.lr) << c.text;
        EXPECT_EQ(uri->transport, c.transport) << c.text;
        EXPECT_EQ(uri->maddr, c.maddr) << c.text;
    }
}

TEST(SipUri, FindsAParameterByName) {
    EXPECT_EQ(uri_parameter(";a=1;B=2;c", "b"), "2");
    EXPECT_EQ(uri_parameter(";a=1;a=2", "a"), "1");
    EXPECT_EQ(uri_parameter(";ab=1;a=2", "a"), "2");
    EXPECT_EQ(uri_parameter(";c", "c"), "");
    EXPECT_EQ(uri_parameter(";c=", "c"), "");
    EXPECT_EQ(uri_parameter(";c=d=e", "c"), "d=e");
    EXPECT_EQ(uri_parameter("", "c"), "");
    EXPECT_EQ(uri_parameter(";", "c"), "");
}

}  // namespace
}  // namespace sipsteer
