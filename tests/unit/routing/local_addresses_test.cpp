#include "routing/local_addresses.hpp"

#include <gtest/gtest.h>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

TEST(SameHost, ComparesNamesAndIpv6ByValue) {
    EXPECT_TRUE(same_host("Pbx.Example.com", "pbx.example.COM"));
    EXPECT_TRUE(same_host("[2001:db8::1]", "[2001:DB8:0:0::1]"));
    EXPECT_FALSE(same_host("[2001:db8::1]", "[2001:db8::2]"));
    EXPECT_FALSE(same_host("2001:db8::1", "[2001:db8::1]"));
    EXPECT_FALSE(same_host("10.0.0.1", "10.0.0.10"));
    EXPECT_FALSE(same_host("", "[::]"));
    EXPECT_TRUE(same_host("", ""));
}

LocalAddresses addresses() {
    std::vector<Listener> listeners = {sample::listener("10.0.0.5", 5060),
                                       sample::listener("2001:db8::5", 5080),
                                       sample::listener("0.0.0.0", 5090)};
    listeners[0].advertised_host = "203.0.113.10";
    listeners[0].advertised_port = 5062;
    listeners[2].advertised_host = "203.0.113.11";
    return {std::move(listeners), {{"sip.example.com", 0}, {"alias.example.com", 5099}}, {"Example.com"}};
}

TEST(LocalAddresses, KnowsWhatIsUs) {
    const LocalAddresses local = addresses();
    const struct {
        const char* host;
        std::uint16_t port;
        bool us;
    } kCases[] = {
        {"203.0.113.10", 5062, true},
        {"203.0.113.10", 0, true},
        {"203.0.113.10", 5060, false},
        {"10.0.0.5", 5060, true},
        {"10.0.0.5", 0, true},
        {"10.0.0.5", 5062, false},
        {"[2001:db8::5]", 5080, true},
        {"[2001:DB8:0::5]", 0, true},
        {"[2001:db8::5]", 1, false},
        {"SIP.example.com", 0, true},
        {"sip.example.com", 5080, true},
        {"sip.example.com", 7, false},
        {"alias.example.com", 5099, true},
        {"alias.example.com", 5060, false},
        {"example.com", 0, false},
        {"0.0.0.0", 5090, false},
        {"203.0.113.11", 5090, true},
        {"", 0, false},
        {"10.0.0.6", 5060, false},
    };
    for (const auto& c : kCases) EXPECT_EQ(local.is_us(c.host, c.port), c.us) << c.host << ":" << c.port;
    EXPECT_TRUE(local.is_our_domain("EXAMPLE.COM"));
    EXPECT_FALSE(local.is_our_domain("sub.example.com"));
}

TEST(LocalAddresses, KnowsItsOwnVia) {
    const LocalAddresses local = addresses();
    EXPECT_TRUE(local.is_our_sent_by("203.0.113.10", 5062));
    EXPECT_FALSE(local.is_our_sent_by("203.0.113.10", 0)) << "no port is 5060";
    EXPECT_FALSE(local.is_our_sent_by("10.0.0.5", 5060)) << "what we advertise, not what we bind";
    EXPECT_FALSE(local.is_our_sent_by("sip.example.com", 5062));
    EXPECT_EQ(local[0].sent_by, "203.0.113.10:5062");
    EXPECT_EQ(local[1].sent_by, "[2001:db8::5]:5080");
    const LocalAddresses plain({sample::listener("192.0.2.1", 5060)}, {}, {});
    EXPECT_TRUE(plain.is_our_sent_by("192.0.2.1", 0));
}

TEST(LocalAddresses, PicksTheListenerToSendFrom) {
    using enum ListenerSide;
    const LocalAddresses local(
        {sample::listener("192.0.2.1", 5060, both), sample::listener("192.0.2.1", 5070, outside),
         sample::listener("10.0.0.5", 5060, servers), sample::listener("2001:db8::5", 5060, both),
         sample::listener("192.0.2.1", 5060, both, Transport::tcp)},
        {}, {});
    const Endpoint v4 = sample::endpoint("10.0.0.1");
    EXPECT_EQ(local.sender(v4, true, 0), ListenerIndex{2})
        << "one kept for that side goes before one for both";
    EXPECT_EQ(local.sender(v4, false, 0), ListenerIndex{1});
    EXPECT_EQ(local.sender(v4, false, 1), ListenerIndex{1});
    EXPECT_EQ(local.sender(v4, true, 1), ListenerIndex{2}) << "never the outside listener towards a server";
    EXPECT_EQ(local.sender(sample::endpoint("2001:db8::1"), true, 0), ListenerIndex{3});
    EXPECT_EQ(local.sender(sample::endpoint("10.0.0.1", 5060, Transport::tcp), false, 2), ListenerIndex{4});
    EXPECT_EQ(local.sender(sample::endpoint("10.0.0.1", 5061, Transport::tls), false, 0), std::nullopt);
    const LocalAddresses two({sample::listener("192.0.2.1", 5060), sample::listener("192.0.2.1", 5070)}, {},
                             {});
    EXPECT_EQ(two.sender(v4, true, 0), ListenerIndex{0});
    EXPECT_EQ(two.sender(v4, true, 1), ListenerIndex{1}) << "replies leave where the request came in";
}

}  // namespace
}  // namespace sipsteer
