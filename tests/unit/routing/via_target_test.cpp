#include "routing/via_target.hpp"

#include <gtest/gtest.h>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

std::string text(const std::optional<Endpoint>& endpoint) {
    if (!endpoint) return "none";
    std::array<char, IpAddress::kMaxText> out;
    const std::string address{out.data(), format_ip(endpoint->address, out)};
    return std::string(via_token(endpoint->transport)) + " " + address + " " + std::to_string(endpoint->port);
}

TEST(ViaTarget, OfAResponse) {
    // RFC 3261 §18.2.2 and RFC 3581 §4.
    const std::pair<const char*, const char*> kCases[] = {
        {"SIP/2.0/UDP 192.0.2.7", "UDP 192.0.2.7 5060"},
        {"SIP/2.0/UDP 192.0.2.7:5070", "UDP 192.0.2.7 5070"},
        {"SIP/2.0/UDP 192.0.2.7:5070;received=198.51.100.1", "UDP 198.51.100.1 5070"},
        {"SIP/2.0/UDP 192.0.2.7:5070;received=198.51.100.1;rport=6000", "UDP 198.51.100.1 6000"},
        {"SIP/2.0/UDP 192.0.2.7:5070;rport=6000", "UDP 192.0.2.7 6000"},
        {"SIP/2.0/UDP 192.0.2.7:5070;rport;received=198.51.100.1", "UDP 198.51.100.1 5070"},
        {"SIP/2.0/UDP 192.0.2.7:5070;rport=0", "UDP 192.0.2.7 5070"},
        {"SIP/2.0/UDP 192.0.2.7:5070;rport=65536", "UDP 192.0.2.7 5070"},
        {"SIP/2.0/UDP 192.0.2.7:5070;rport=x", "UDP 192.0.2.7 5070"},
        {"SIP/2.0/UDP 192.0.2.7:5070;maddr=224.0.1.75;received=198.51.100.1;rport=6000",
         "UDP 224.0.1.75 5070"},
        {"SIP/2.0/UDP host.example.com;received=198.51.100.1", "UDP 198.51.100.1 5060"},
        {"SIP/2.0/UDP host.example.com", "none"},
        {"SIP/2.0/UDP 192.0.2.7;received=nonsense", "none"},
        {"SIP/2.0/TCP 192.0.2.7;received=198.51.100.1", "TCP 198.51.100.1 5060"},
        {"SIP/2.0/TCP 192.0.2.7;received=198.51.100.1;maddr=name.example.com", "TCP 198.51.100.1 5060"},
        {"SIP/2.0/TLS 192.0.2.7", "TLS 192.0.2.7 5061"},
        {"SIP/2.0/WSS df7jal23ls0d.invalid;received=198.51.100.1;rport=40000", "WSS 198.51.100.1 5061"},
        {"SIP/2.0/UDP [2001:db8::7]:5070", "UDP 2001:db8::7 5070"},
        {"SIP/2.0/UDP [2001:db8::7];received=[2001:db8::9]", "UDP 2001:db8::9 5060"},
        {"SIP/2.0/UDP [2001:db8::7];received=2001:db8::9;rport=7", "UDP 2001:db8::9 7"},
        {"SIP/2.0/UDP [::ffff:192.0.2.7]", "UDP 192.0.2.7 5060"},
    };
    for (const auto& [via, expected] : kCases)
        EXPECT_EQ(text(response_target(ViaView::parse(via).value())), expected) << via;
}

TEST(ViaTarget, OfOurOwnAnswer) {
    const Endpoint source = sample::endpoint("198.51.100.1", 40000);
    const std::pair<const char*, const char*> kCases[] = {
        {"SIP/2.0/UDP 192.0.2.7:5070", "UDP 198.51.100.1 5070"},
        {"SIP/2.0/UDP 192.0.2.7", "UDP 198.51.100.1 5060"},
        {"SIP/2.0/UDP 192.0.2.7:5070;rport", "UDP 198.51.100.1 40000"},
        {"SIP/2.0/UDP 192.0.2.7:5070;rport=9;received=203.0.113.9", "UDP 198.51.100.1 40000"},
        {"SIP/2.0/UDP host.example.com", "UDP 198.51.100.1 5060"},
    };
    for (const auto& [via, expected] : kCases)
        EXPECT_EQ(text(reply_target(ViaView::parse(via).value(), source)), expected) << via;
}

}  // namespace
}  // namespace sipsteer
