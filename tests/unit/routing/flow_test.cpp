#include "routing/flow.hpp"

#include <gtest/gtest.h>

#include <string>

namespace sipsteer {
namespace {

KeyedHash key(std::uint8_t seed = 1) {
    KeyedHash::Key bytes{};
    bytes.fill(seed);
    return KeyedHash{bytes};
}

Flow udp_flow(std::string_view address) {
    return {{parse_ip(address).value(), 40123, Transport::udp}, 3, kNoConnection};
}

TEST(FlowToken, BringsTheFlowBack) {
    for (const std::string_view address : {"192.0.2.7", "2001:db8::7"}) {
        const Flow flow = udp_flow(address);
        const FlowToken token = make_flow_token(key(), "call-1", flow);
        EXPECT_EQ(read_flow_token(key(), "call-1", token.view()), flow) << token.view();
    }
    for (const Transport transport : {Transport::tcp, Transport::tls, Transport::ws, Transport::wss}) {
        Flow flow{{{}, 0, transport}, 255, 0xfedcba9876543210};
        const FlowToken token = make_flow_token(key(), "", flow);
        EXPECT_EQ(read_flow_token(key(), "", token.view()), flow) << token.view();
    }
}

TEST(FlowToken, IsWorthNothingElsewhere) {
    const FlowToken token = make_flow_token(key(), "call-1", udp_flow("192.0.2.7"));
    EXPECT_FALSE(read_flow_token(key(), "call-2", token.view()));
    EXPECT_FALSE(read_flow_token(key(), "", token.view()));
    EXPECT_FALSE(read_flow_token(key(2), "call-1", token.view()));
}

TEST(FlowToken, AnyChangeBreaksIt) {
    const FlowToken token = make_flow_token(key(), "call-1", udp_flow("192.0.2.7"));
    const std::string text{token.view()};
    for (std::size_t i = 0; i < text.size(); ++i) {
        for (unsigned bit = 0; bit < 8; ++bit) {
            std::string changed = text;
            changed[i] = static_cast<char>(static_cast<unsigned char>(changed[i]) ^ (1U << bit));
            if (changed[i] == text[i] - 32) continue;  // the same hex digit in upper case is the same number
            EXPECT_FALSE(read_flow_token(key(), "call-1", changed)) << changed;
        }
        EXPECT_FALSE(read_flow_token(key(), "call-1", text.substr(0, i)));
    }
    EXPECT_FALSE(read_flow_token(key(), "call-1", text + "0"));
}

}  // namespace
}  // namespace sipsteer
