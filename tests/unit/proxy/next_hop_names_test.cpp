#include "proxy/next_hop_names.hpp"

#include <gtest/gtest.h>

namespace sipsteer {
namespace {

Endpoint at(std::string_view address, Transport transport = Transport::udp) {
    return {parse_ip(address).value(), 5060, transport};
}

TEST(NextHopNames, OfferTheTransportsThatWeListenOn) {
    const auto listening = [](std::vector<Transport> transports) {
        std::vector<Listener> listeners;
        for (const Transport transport : transports)
            listeners.emplace_back().bind = at("10.0.0.5", transport);
        return LocalAddresses{std::move(listeners), {}, {}};
    };
    NameQuestion question{.host = "X.Example", .any_transport = true};
    EXPECT_EQ(host_name(question, listening({Transport::udp})), (HostName{"x.example", 0, Transport::udp}));
    EXPECT_EQ(
        host_name(question, listening({Transport::udp, Transport::tls, Transport::tcp, Transport::wss})),
        (HostName{"x.example", 0, Transport::udp, false, {Transport::tcp, Transport::tls}}));
    question.any_transport = false;
    question.transport = Transport::tls;
    EXPECT_EQ(host_name(question, listening({Transport::udp, Transport::tls})),
              (HostName{"x.example", 0, Transport::tls}));
}

TEST(NextHopNames, WeighTargetsNotAddresses) {
    // Two targets of weight 10 and 30; the first has three addresses, one of them IPv6.
    const HostFound found{{{"one", 5060, 1, 10, {at("10.0.0.1"), at("10.0.0.2"), at("2001:db8::1")}},
                           {"two", 5060, 1, 30, {at("10.0.0.9")}}},
                          60};
    const auto addresses = hop_addresses(found);
    ASSERT_EQ(addresses.size(), 4U);
    EXPECT_EQ(addresses[0].weight, addresses[1].weight);
    EXPECT_EQ(addresses[2].weight, 2 * addresses[0].weight) << "it has its family for itself";
    EXPECT_EQ(addresses[3].weight, 6 * addresses[0].weight);
    EXPECT_EQ(addresses[3].priority, 1);
}

TEST(NextHopNames, AWeightOfZeroIsASmallChance) {
    const auto addresses = hop_addresses(
        {{{"one", 5060, 1, 0, {at("10.0.0.1")}}, {"two", 5060, 1, 1, {at("10.0.0.2")}}}, 60, false});
    EXPECT_GT(addresses[0].weight, 0U);
    EXPECT_GT(addresses[1].weight, 10 * addresses[0].weight);
    const HostTarget itself{"", 5060, 0, 0, {at("10.0.0.1"), at("10.0.0.2")}};
    const auto alike = hop_addresses({{itself}, 60, false});
    EXPECT_EQ(alike[0].weight, alike[1].weight);
}

}  // namespace
}  // namespace sipsteer
