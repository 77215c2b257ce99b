#include "proxy/config_values.hpp"

#include <gtest/gtest.h>

#include "proxy/suggestion.hpp"

namespace sipsteer {
namespace {

using namespace std::chrono_literals;

TEST(Duration, Units) {
    EXPECT_EQ(parse_duration("250ms"), 250ms);
    EXPECT_EQ(parse_duration("30s"), 30s);
    EXPECT_EQ(parse_duration("5m"), 5min);
    EXPECT_EQ(parse_duration("4h"), 4h);
    EXPECT_EQ(parse_duration("0"), 0ms);
    EXPECT_EQ(parse_duration("0s"), 0ms);
    EXPECT_EQ(parse_duration("8760h"), 8760h);
}

TEST(Duration, Refused) {
    for (const auto* text :
         {"", "s", "30", "-1s", "+1s", "-0s", " 1s", "1 s", "1.5s", "1S", "1d", "1sec", "0x1s", "1s "}) {
        EXPECT_FALSE(parse_duration(text)) << text;
    }
    for (const auto* text : {"8761h", "31536001s", "9223372036854775807ms", "99999999999999999999s"}) {
        const auto parsed = parse_duration(text);
        ASSERT_FALSE(parsed) << text;
        EXPECT_NE(parsed.error().find("longer than a year"), std::string::npos) << parsed.error();
    }
}

TEST(HostPort, Forms) {
    EXPECT_EQ(parse_host_port("example.com")->host, "example.com");
    EXPECT_EQ(parse_host_port("example.com")->port, 0);
    EXPECT_EQ(parse_host_port("10.0.0.1:5060")->port, 5060);
    EXPECT_EQ(parse_host_port("[2001:db8::1]:5060")->host, "2001:db8::1");
    EXPECT_EQ(parse_host_port("[2001:db8::1]")->port, 0);
    EXPECT_EQ(parse_host_port("2001:db8::1")->host, "2001:db8::1");
    for (const auto* text : {"", ":5060", "a:", "a:0", "a:65536", "a:b", "a b", "1.2.3", "1.2.3.4.5", "a..b",
                             ".a", "[::1", "[::1]x", "[::1]:", "a:1:2", "a/b"}) {
        EXPECT_FALSE(parse_host_port(text)) << text;
    }
}

TEST(BindAddress, Forms) {
    const auto plain = parse_bind_address("10.0.0.5:5060");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->transport, Transport::udp);
    EXPECT_EQ(to_string(*plain), "udp:10.0.0.5:5060");
    EXPECT_EQ(to_string(*parse_bind_address("WSS:[2001:DB8:0::1]:443")), "wss:[2001:db8::1]:443");
    EXPECT_EQ(to_string(*parse_bind_address("127.0.0.1:1", Transport::tcp)), "tcp:127.0.0.1:1");
    EXPECT_FALSE(parse_bind_address("udp:127.0.0.1:1", Transport::tcp));
    for (const auto* text : {"", "udp:", "udp:5060", "127.0.0.1", "udp:127.0.0.1", "host:5060", "[::1]",
                             "::1", ":5060", "127.0.0.1:05060x", "udp:tcp:127.0.0.1:5060"}) {
        EXPECT_FALSE(parse_bind_address(text)) << text;
    }
}

TEST(AddressRange, Forms) {
    struct Case {
        const char* text;
        const char* network;
        int prefix;
        int port;
    };
    for (const auto& [text, network, prefix, port] :
         {Case{"10.1.2.3", "10.1.2.3", 32, 0}, Case{"10.1.2.3:5060", "10.1.2.3", 32, 5060},
          Case{"10.1.2.3/8", "10.0.0.0", 8, 0}, Case{"10.1.2.255/25:5060", "10.1.2.128", 25, 5060},
          Case{"0.0.0.0/0", "0.0.0.0", 0, 0}, Case{"::/0", "::", 0, 0},
          Case{"2001:db8::1", "2001:db8::1", 128, 0}, Case{"2001:db8::1/33", "2001:db8::", 33, 0},
          Case{"[2001:db8::1]:5060", "2001:db8::1", 128, 5060},
          Case{"[2001:db8::1/32]:1", "2001:db8::", 32, 1}, Case{"[2001:db8::1]/32:1", "2001:db8::", 32, 1},
          Case{"[2001:db8::1]/32", "2001:db8::", 32, 0}}) {
        const auto range = parse_network(text);
        ASSERT_TRUE(range) << text;
        EXPECT_EQ(to_string(range->network), network) << text;
        EXPECT_EQ(range->prefix_bits, prefix) << text;
        EXPECT_EQ(range->port, port) << text;
    }
    for (const auto* text : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/-1", "10.0.0/8",
                             "10.0.0.0:", "a/8", "::/129", "[::/8]/8", "[::1", "[::1]x", "[::1]:0"}) {
        EXPECT_FALSE(parse_network(text)) << text;
    }
}

TEST(AddressRange, Text) {
    for (const auto* text : {"10.0.0.0/8", "10.0.0.1/32:5061", "2001:db8::/32", "[2001:db8::/32]:5061"})
        EXPECT_EQ(to_string(*parse_network(text)), text);
}

TEST(SipTarget, Transport) {
    EXPECT_EQ(parse_sip_target("sip:a")->transport, Transport::udp);
    EXPECT_EQ(parse_sip_target("sip:a;transport=UDP")->transport, Transport::udp);
    EXPECT_EQ(parse_sip_target("SIP:a;lr;transport=tcp")->transport, Transport::tcp);
    EXPECT_EQ(parse_sip_target("sips:a")->transport, Transport::tls);
    EXPECT_EQ(parse_sip_target("sips:a;transport=tcp")->transport, Transport::tls);
    EXPECT_FALSE(parse_sip_target("sips:a;transport=udp"));
    EXPECT_FALSE(parse_sip_target("sip:a;transport=ws"));
    EXPECT_FALSE(parse_sip_target("sip:a;transport="));
    EXPECT_TRUE(parse_sip_target("sip:bob@a")->has_user);
    EXPECT_FALSE(parse_sip_target("sip:"));
    EXPECT_FALSE(parse_sip_target(""));
}

TEST(Suggestion, NearAndFar) {
    constexpr std::string_view kWords[] = {"fallback", "fallback_strip_replaces", "unmatched", "udp", "tcp"};
    EXPECT_EQ(nearest_word("fallbak", kWords), "fallback");
    EXPECT_EQ(nearest_word("Fall-Back", kWords), "fallback");
    EXPECT_EQ(nearest_word("unmacthed", kWords), "unmatched");
    EXPECT_EQ(nearest_word("upd", kWords), "udp");
    EXPECT_EQ(nearest_word("x", kWords), "");
    EXPECT_EQ(nearest_word("", kWords), "");
    EXPECT_EQ(nearest_word("something_else", kWords), "");
    EXPECT_EQ(nearest_word(std::string(100000, 'f'), kWords), "");
}

}  // namespace
}  // namespace sipsteer
