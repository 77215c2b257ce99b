#include "routing/behind_nat.hpp"

#include <gtest/gtest.h>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

IpAddress ip(std::string_view text) { return parse_ip(text).value(); }

bool hidden(std::string_view via, std::string_view contact = {},
            const Endpoint& source = sample::endpoint("192.0.2.7")) {
    sample::Draft draft;
    draft.vias = {"Via: SIP/2.0/UDP " + std::string(via) + ";branch=z9hG4bK1"};
    if (!contact.empty()) draft.more = {"Contact: " + std::string(contact)};
    const sample::Message message = draft.message();
    return behind_nat(message.view(), source);
}

TEST(BehindNat, APrivateAddressIsHiddenFromElsewhere) {
    for (const char* inner :
         {"10.0.0.1", "10.255.255.255", "172.16.0.1", "172.31.255.255", "192.168.0.1", "100.64.0.1",
          "100.127.0.1", "169.254.1.1", "127.0.0.1", "fc00::1", "fdff::1", "fe80::1", "febf::1", "::1"}) {
        EXPECT_TRUE(is_hidden(ip(inner), ip("192.0.2.7"))) << inner;
        EXPECT_FALSE(is_hidden(ip(inner), ip(inner))) << inner;
    }
    for (const char* outer : {"9.255.255.255", "11.0.0.1", "172.15.255.255", "172.32.0.1", "192.167.255.255",
                              "192.169.0.1", "100.63.255.255", "100.128.0.1", "169.253.1.1", "128.0.0.1",
                              "fe00::1", "fec0::1", "2001:db8::1", "::2", "fb00::1"}) {
        EXPECT_FALSE(is_hidden(ip(outer), ip("10.0.0.1"))) << outer;
    }
    EXPECT_TRUE(is_hidden(ip("192.168.1.5"), ip("10.1.2.3"))) << "a home network in a company's";
    EXPECT_FALSE(is_hidden(ip("10.9.9.9"), ip("10.1.2.3")));
    EXPECT_FALSE(is_hidden(ip("127.0.0.5"), ip("::1"))) << "one host";
    EXPECT_TRUE(is_hidden(ip("fe80::1"), ip("2001:db8::1")));
}

TEST(BehindNat, ByTheViaOfWhoTakesMessagesWhereItSendsFrom) {
    EXPECT_FALSE(hidden("192.0.2.7:5060;rport"));
    EXPECT_FALSE(hidden("192.0.2.7;rport"));
    EXPECT_TRUE(hidden("192.0.2.7:5061;rport"));
    EXPECT_TRUE(hidden("192.0.2.8:5060;rport"));
    EXPECT_FALSE(hidden("192.0.2.7:5061"));
    EXPECT_FALSE(hidden("192.0.2.8"));
    EXPECT_FALSE(hidden("phone.example.com;rport"));
    EXPECT_TRUE(hidden("192.168.1.5"));
    EXPECT_TRUE(hidden("[fd00::5]", {}, sample::endpoint("2001:db8::7")));
}

TEST(BehindNat, ByAPrivateContact) {
    EXPECT_TRUE(hidden("192.0.2.7", "<sip:ann@192.168.1.5>"));
    EXPECT_TRUE(hidden("192.0.2.7", "\"Ann <a>\" <sip:ann@10.0.0.5:5062;transport=udp>;q=1"));
    EXPECT_FALSE(hidden("192.0.2.7", "<sip:ann@198.51.100.9:5099>"));
    EXPECT_FALSE(hidden("192.0.2.7", "<sip:ann@phone.example.com>"));
    EXPECT_FALSE(hidden("192.0.2.7", "<tel:+4930>"));
    EXPECT_FALSE(hidden("192.0.2.7", "<<>"));
    EXPECT_FALSE(hidden("10.0.0.7", "<sip:ann@10.0.0.8>", sample::endpoint("10.0.0.7")));
}

TEST(BehindNat, AStreamLeadsBackToNobodyElse) {
    EXPECT_TRUE(hidden("192.0.2.7", {}, sample::endpoint("192.0.2.7", 5060, Transport::tcp)));
}

}  // namespace
}  // namespace sipsteer
