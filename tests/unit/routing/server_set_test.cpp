#include "routing/server_set.hpp"

#include <gtest/gtest.h>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

AddressRange range(std::string_view network, std::uint8_t bits, std::uint16_t port = 0) {
    return {parse_ip(network).value(), bits, port};
}

TEST(AddressRange, Contains) {
    const struct {
        AddressRange range;
        const char* address;
        std::uint16_t port;
        bool expected;
    } kCases[] = {
        {range("10.0.0.0", 8), "10.255.1.2", 5, true},
        {range("10.0.0.0", 8), "11.0.0.0", 5, false},
        {range("0.0.0.0", 0), "203.0.113.1", 5, true},
        {range("0.0.0.0", 0), "::1", 5, false},
        {range("::", 0), "::1", 5, true},
        {range("::", 0), "1.2.3.4", 5, false},
        {range("192.0.2.128", 25), "192.0.2.129", 5, true},
        {range("192.0.2.128", 25), "192.0.2.127", 5, false},
        {range("192.0.2.1", 32), "192.0.2.1", 5, true},
        {range("192.0.2.1", 32), "192.0.2.0", 5, false},
        {range("192.0.2.1", 32, 5060), "192.0.2.1", 5060, true},
        {range("192.0.2.1", 32, 5060), "192.0.2.1", 5061, false},
        {range("2001:db8::", 33), "2001:db8:7fff::1", 5, true},
        {range("2001:db8::", 33), "2001:db8:8000::1", 5, false},
        {range("2001:db8::1", 128), "2001:db8::1", 5, true},
        {range("2001:db8::1", 128), "2001:db8::2", 5, false},
    };
    for (const auto& c : kCases)
        EXPECT_EQ(c.range.contains(parse_ip(c.address).value(), c.port), c.expected) << c.address;
}

TEST(ServerSet, FindsServersByAddressAndId) {
    std::vector<MediaServer> servers;
    for (int i = 0; i < 200; ++i) {
        servers.push_back(sample::server("pbx-" + std::to_string(i),
                                         "10.0." + std::to_string(i / 50) + "." + std::to_string(i % 50)));
    }
    servers[3].endpoints.push_back(sample::endpoint("2001:db8::3", 5080, Transport::tcp));
    const ServerSet set(std::move(servers), {"default"}, sample::key());
    for (ServerIndex i = 0; i < 200; ++i) {
        const Endpoint& endpoint = set[i].endpoints.front();
        EXPECT_EQ(set.by_endpoint(endpoint.address, endpoint.port), i);
        EXPECT_EQ(set.by_source(endpoint.address, endpoint.port), i);
        EXPECT_EQ(set.by_endpoint(endpoint.address, 5061), std::nullopt) << "another port is another host";
        EXPECT_EQ(set.by_id(set[i].id), i);
        EXPECT_NE(set[i].id, kNoServer);
    }
    EXPECT_EQ(set.by_endpoint(parse_ip("2001:db8::3").value(), 5080), ServerIndex{3});
    EXPECT_EQ(set.by_endpoint(parse_ip("10.0.9.9").value(), 5060), std::nullopt);
    EXPECT_EQ(set.by_id(kNoServer), std::nullopt);
    EXPECT_EQ(set.by_id(12345), std::nullopt);
}

TEST(ServerSet, AnEmptyOneKnowsNobody) {
    const ServerSet built({}, {}, sample::key());
    for (const ServerSet& set : {ServerSet{}, built}) {
        EXPECT_EQ(set.by_endpoint(parse_ip("10.0.0.1").value(), 5060), std::nullopt);
        EXPECT_EQ(set.by_source(parse_ip("10.0.0.1").value(), 5060), std::nullopt);
        EXPECT_EQ(set.by_id(1), std::nullopt);
        EXPECT_FALSE(set.any_up());
    }
}

TEST(ServerSet, OneThatIsUpIsKnownToBe) {
    MediaServer one = sample::server("a", "10.0.0.1");
    const auto up = [&one] { return ServerSet({one}, {"default"}, sample::key()).any_up(); };
    EXPECT_TRUE(up());
    one.state = ServerState::drain;
    EXPECT_TRUE(up()) << "its calls go on, and transfers reach it";
    one.state = ServerState::maint;
    EXPECT_FALSE(up()) << "nobody asks it";
    one.state = ServerState::ready;
    one.up = false;
    EXPECT_FALSE(up());
    one.up = true;
    one.placeable = false;
    EXPECT_FALSE(up()) << "the fallback destination";
    one.placeable = true;
    one.endpoints.clear();
    EXPECT_FALSE(up()) << "its name does not resolve";
}

TEST(ServerSet, IdsFollowTheUriAlone) {
    const ServerSet one({sample::server("a", "10.0.0.1"), sample::server("b", "10.0.0.2")}, {"default"},
                        sample::key());
    const ServerSet other({sample::server("z", "10.0.0.9"), sample::server("c", "10.0.0.1", 9)}, {"default"},
                          sample::key());
    EXPECT_EQ(one[0].id, other[1].id) << "stays the same over reloads, names and weights";
    EXPECT_NE(one[0].id, one[1].id);
    const ServerSet elsewhere({sample::server("a", "10.0.0.1")}, {"default"}, sample::key(8));
    EXPECT_NE(one[0].id, elsewhere[0].id);
}

TEST(ServerSet, FurtherSourcesComeAfterExactAddresses) {
    std::vector<MediaServer> servers = {sample::server("a", "10.0.0.1"), sample::server("b", "10.0.0.2")};
    servers[0].sources = {range("10.0.0.0", 24)};
    servers[1].sources = {range("10.9.0.0", 16, 5090)};
    const ServerSet set(std::move(servers), {"default"}, sample::key());
    const auto source = [&set](const char* address, std::uint16_t port) {
        return set.by_source(parse_ip(address).value(), port);
    };
    EXPECT_EQ(source("10.0.0.2", 5060), ServerIndex{1});
    EXPECT_EQ(source("10.0.0.2", 40000), ServerIndex{0});
    EXPECT_EQ(source("10.9.1.1", 5090), ServerIndex{1});
    EXPECT_EQ(source("10.9.1.1", 5091), std::nullopt);
    EXPECT_EQ(source("192.0.2.7", 5060), std::nullopt);
    EXPECT_EQ(set.by_endpoint(parse_ip("10.0.0.77").value(), 5060), std::nullopt) << "a source is no target";
}

TEST(ServerSet, AStreamTellsAServerByItsAddress) {
    std::vector<MediaServer> servers = {sample::server("a", "10.0.0.1"), sample::server("b", "10.0.0.2"),
                                        sample::server("c", "10.0.0.2"),
                                        sample::server("fallback", "10.0.0.1")};
    servers[0].endpoints[0].transport = Transport::tcp;
    servers[2].endpoints[0].transport = Transport::tls;
    servers[3].placeable = false;
    const auto behind = [&servers](const char* address, Transport transport) {
        const ServerSet set{servers, {"default"}, sample::key()};
        return set.by_address(parse_ip(address).value(), transport);
    };
    EXPECT_EQ(behind("10.0.0.1", Transport::tcp), ServerIndex{0}) << "the fallback is not asked about";
    EXPECT_EQ(behind("10.0.0.1", Transport::tls), ServerIndex{0});
    EXPECT_EQ(behind("10.0.0.2", Transport::tls), ServerIndex{2});
    EXPECT_EQ(behind("10.0.0.2", Transport::tcp), std::nullopt) << "both could";
    EXPECT_EQ(behind("10.0.0.9", Transport::tcp), std::nullopt);
    servers[1].leaving = true;
    EXPECT_EQ(behind("10.0.0.2", Transport::tcp), ServerIndex{2});
}

TEST(ServerSet, ThoseThatLeaveAreFoundButNotCounted) {
    std::vector<MediaServer> servers(3);
    for (std::size_t i = 0; i < servers.size(); ++i) {
        servers[i].name = std::string(1, static_cast<char>('a' + i));
        servers[i].uri = "sip:" + servers[i].name;
    }
    servers[0].endpoints = {sample::endpoint("10.0.0.1", 5060)};
    servers[1].endpoints = {sample::endpoint("10.0.0.2", 5060)};
    servers[2].endpoints = {sample::endpoint("10.0.0.1", 5060), sample::endpoint("10.0.0.3", 5060)};
    servers[2].leaving = true;
    const ServerSet set{servers, {"default"}, sample::key()};
    EXPECT_EQ(set.configured().size(), 2U);
    EXPECT_EQ(set.all().size(), 3U);
    EXPECT_EQ(set.by_source(parse_ip("10.0.0.3").value(), 5060), ServerIndex{2});
    EXPECT_EQ(set.by_id(set[2].id), ServerIndex{2});
    EXPECT_EQ(set.by_source(parse_ip("10.0.0.1").value(), 5060), ServerIndex{0}) << "who stays comes first";
}

TEST(MediaServer, WhatItTakes) {
    const struct {
        ServerState state;
        bool up, placeable;
        std::uint32_t weight;
        bool calls, transfers;
    } kCases[] = {
        {ServerState::ready, true, true, 1, true, true},   {ServerState::ready, false, true, 1, false, false},
        {ServerState::drain, true, true, 1, false, true},  {ServerState::maint, true, true, 1, false, false},
        {ServerState::ready, true, false, 1, false, true}, {ServerState::ready, true, true, 0, false, true},
    };
    for (const auto& c : kCases) {
        MediaServer server = sample::server("a", "10.0.0.1", c.weight);
        server.state = c.state;
        server.up = c.up;
        server.placeable = c.placeable;
        EXPECT_EQ(server.takes_new_calls(), c.calls);
        EXPECT_EQ(server.takes_transfers(), c.transfers);
    }
}

}  // namespace
}  // namespace sipsteer
