#include "proxy/srv_servers.hpp"

#include <gtest/gtest.h>

namespace sipsteer {
namespace {

Config::Server entry_for(std::string host, Transport transport = Transport::udp) {
    Config::Server entry;
    entry.name = "pbx";
    entry.uri = "sip:" + host;
    entry.host = std::move(host);
    entry.transport = transport;
    entry.group = "asterisks";
    entry.max_calls = 200;
    entry.expand = Config::Expand::srv;
    return entry;
}

/// Names, in order.
std::string names(const Config::Server& entry, const std::vector<HostTarget>& targets) {
    std::string text;
    for (const Config::Server& server : srv_servers(entry, targets)) text += server.name + " ";
    return text;
}

TEST(SrvServers, EachTargetIsAServerByItself) {
    const auto servers = srv_servers(entry_for("pbx.example.com"), {{"pbx-2.example.com", 5060, 10, 7},
                                                                    {"pbx-1.example.com", 5060, 10, 0},
                                                                    {"spare.example.com", 5060, 20, 3}});
    ASSERT_EQ(servers.size(), 3U);
    EXPECT_EQ(servers[0].name, "pbx-1");
    EXPECT_EQ(servers[0].uri, "sip:pbx-1.example.com:5060");
    EXPECT_EQ(servers[0].weight, 1U) << "0 is hardly ever, not never";
    EXPECT_EQ(servers[1].weight, 7U);
    EXPECT_FALSE(servers[1].backup);
    EXPECT_EQ(servers[2].name, "spare");
    EXPECT_TRUE(servers[2].backup) << "another has a lower priority value";
    for (const Config::Server& server : servers) {
        EXPECT_EQ(server.group, "asterisks");
        EXPECT_EQ(server.max_calls, 200U);
        EXPECT_EQ(server.origin, ServerOrigin::dns);
        EXPECT_EQ(server.expand, Config::Expand::off);
    }
}

TEST(SrvServers, NamesAreWhatTellsTargetsApart) {
    EXPECT_EQ(names(entry_for("asterisk.default.svc.cluster.local"),
                    {{"asterisk-0.asterisk.default.svc.cluster.local", 5060},
                     {"asterisk-1.asterisk.default.svc.cluster.local", 5060}}),
              "asterisk-0 asterisk-1 ");
    EXPECT_EQ(names(entry_for("_sip._udp.service.consul"), {{"0a000001.addr.dc1.consul", 5060}}),
              "0a000001.addr.dc1 ");
    EXPECT_EQ(names(entry_for("_sip._udp.pbx.example.com"),
                    {{"one.example.com", 5060}, {"two.pbx.example.com", 5060}}),
              "one two ");
    EXPECT_EQ(names(entry_for("pbx.example.com"), {{"pbx.example.com", 5060}, {"else.example.net", 5060}}),
              "else.example.net pbx ");
    EXPECT_EQ(names(entry_for("pbx.example.com"), {{"a.example.com", 5060}, {"a.pbx.example.com", 5060}}),
              "a.example.com a.pbx.example.com ")
        << "those that would come out alike keep all of it";
    EXPECT_EQ(names(entry_for("pbx.example.com"), {{std::string(80, 'x'), 5060}}),
              std::string(64, 'x') + " ");
}

TEST(SrvServers, ThePortIsPartOfTheNameUnlessItIsTheUsualOne) {
    EXPECT_EQ(names(entry_for("x.com"), {{"a.x.com", 5060}, {"a.x.com", 5070}}), "a a-5070 ");
    const auto tls = srv_servers(entry_for("x.com", Transport::tls), {{"a.x.com", 5061}});
    EXPECT_EQ(tls[0].name, "a");
    EXPECT_EQ(tls[0].uri, "sip:a.x.com:5061;transport=tls");
}

TEST(SrvServers, NoTwoOfOneUri) {
    const auto servers = srv_servers(entry_for("x.com"), {{"a.x.com", 5060, 1, 5}, {"a.x.com", 5060, 2, 9}});
    ASSERT_EQ(servers.size(), 1U);
    EXPECT_EQ(servers[0].weight, 5U) << "the first in order";
}

}  // namespace
}  // namespace sipsteer
