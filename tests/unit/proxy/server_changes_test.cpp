#include "proxy/server_changes.hpp"

#include <gtest/gtest.h>

namespace sipsteer {
namespace {

MediaServer server(const std::string& name, std::uint32_t weight, ServerState state) {
    MediaServer out;
    out.name = name;
    out.uri = "sip:" + name;
    out.weight = weight;
    out.state = state;
    return out;
}

ServerSet set(std::vector<MediaServer> servers) {
    return ServerSet{std::move(servers), {"default"}, ClusterKey::derive({1})};
}

TEST(ServerChanges, SaysWhatAReloadChanges) {
    const ServerSet before =
        set({server("pbx-1", 10, ServerState::ready), server("pbx-2", 1, ServerState::ready)});
    const ServerSet after =
        set({server("pbx-1", 5, ServerState::drain), server("pbx-3", 1, ServerState::ready)});
    EXPECT_EQ(server_changes(before, after),
              (std::vector<std::string>{"pbx-1 weight 10 -> 5", "pbx-1 state ready -> drain", "+ pbx-3",
                                        "- pbx-2"}));
    EXPECT_TRUE(server_changes(before, before).empty());
}

TEST(ServerChanges, SourcesAsTheyCouldBeWritten) {
    MediaServer now = server("pbx-1", 1, ServerState::ready);
    now.sources = {{*parse_ip("10.0.0.0"), 8, 0}, {*parse_ip("2001:db8::1"), 128, 5061}};
    EXPECT_EQ(server_changes(set({server("pbx-1", 1, ServerState::ready)}), set({now})),
              std::vector<std::string>{"pbx-1 sources none -> 10.0.0.0/8,[2001:db8::1/128]:5061"});
}

}  // namespace
}  // namespace sipsteer
