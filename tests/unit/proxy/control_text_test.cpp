#include "proxy/control_text.hpp"

#include <gtest/gtest.h>

#include "proxy/drain_wait.hpp"
#include "proxy/explanation.hpp"

namespace sipsteer {
namespace {

TEST(ControlText, Servers) {
    EXPECT_EQ(*servers_text(R"({"servers":[
        {"name":"a","addresses":["udp:127.0.1.1:5060"],"group":"default","state":"ready","up":true,"rtt_ms":1.26,"weight":1,"calls":12,"origin":"dns"},
        {"name":"long","addresses":[],"group":"b","state":"drain","state_source":"operator","up":false,"rtt_ms":0.0,"weight":10,"calls":0,"origin":"config"}]})"),
              "NAME  ADDRESS             GROUP    STATE  FROM      UP    RTT MS  WEIGHT  CALLS  ORIGIN\n"
              "a     udp:127.0.1.1:5060  default  ready  -         up    1.3     1       12     dns\n"
              "long  -                   b        drain  operator  DOWN  -       10      0      config\n");
}

TEST(ControlText, ServersThatLeave) {
    EXPECT_EQ(*servers_text(R"({"servers":[],"leaving":[
        {"name":"b","addresses":["udp:127.0.1.2:5060"],"state":"drain","up":false,"calls":3,"setups":1}]})"),
              "NAME  ADDRESS  GROUP  STATE  FROM  UP  RTT MS  WEIGHT  CALLS  ORIGIN\n\n"
              "LEAVES WITH ITS LAST CALL  ADDRESS             UP    CALLS  SETUPS\n"
              "b                          udp:127.0.1.2:5060  DOWN  3      1\n");
}

TEST(ControlText, Owners) {
    EXPECT_EQ(
        *owners_text(R"({"dialogs":[{"server":"a","state":"early","expires_in_s":180,"source":"table"}]})"),
        "SERVER  STATE  EXPIRES IN S  SOURCE\n"
        "a       early  180           table\n");
}

TEST(ControlText, Registrars) {
    EXPECT_EQ(*registrars_text(R"({"registrars":[{"server":"a","expires_in_s":290}]})"),
              "SERVER  EXPIRES IN S\n"
              "a       290\n");
}

TEST(ControlText, StatesAndReload) {
    EXPECT_EQ(*state_text(R"({"server":"a","state":"drain","calls":3})"), "a drain, 3 calls\n");
    EXPECT_EQ(*reload_text(R"({"changes":["+ b","a weight 1 -> 2"]})"), "+ b\na weight 1 -> 2\n");
    EXPECT_EQ(*reload_text(R"({"changes":[]})"), "reloaded; nothing has changed\n");
    EXPECT_EQ(error_text(R"({"error":"no","errors":["x:1:1: a","x:2:1: b"]})"), "no\nx:1:1: a\nx:2:1: b");
}

TEST(ControlText, HowFarADrainIs) {
    const auto servers = [](const std::string& rest) {
        return R"({"servers":[{"name":"b"},{"name":"a",)" + rest + "}]}";
    };
    using What = DrainState::What;
    EXPECT_EQ(drain_state(servers(R"("state":"drain","calls":2,"setups":1)"), "a").what, What::waiting);
    EXPECT_EQ(drain_state(servers(R"("state":"drain","calls":2,"setups":1)"), "a").calls, 3);
    EXPECT_EQ(drain_state(servers(R"("state":"drain","calls":0,"setups":1)"), "a").what, What::waiting);
    EXPECT_EQ(drain_state(servers(R"("state":"drain","calls":0)"), "a").what, What::done);
    EXPECT_EQ(drain_state(servers(R"("state":"ready","calls":0)"), "a").what, What::taken_back);
    EXPECT_EQ(drain_state(servers(R"("state":"drain","calls":0)"), "c").what, What::gone);
    for (const char* text : {"", "[]", "{}", R"({"servers":[1]})"})
        EXPECT_EQ(drain_state(text, "a").what, What::gone);
}

TEST(ControlText, StatusAndVersion) {
    const std::string_view status = R"({"version":"1.2.3","uptime_s":7})";
    EXPECT_EQ(*status_text(status), "version   1.2.3\nuptime_s  7\n");
    EXPECT_EQ(*version_text(status), "sipsteer     1.2.3\n");
    EXPECT_EQ(*version_json(status), "{\"sipsteerctl\":\"" SIPSTEER_VERSION "\",\"sipsteer\":\"1.2.3\"}\n");
}

TEST(ControlText, WhatIsSomethingElse) {
    for (const char* text : {"", "x", "[]", "{}", R"({"servers":1,"dialogs":{},"version":2})",
                             R"({"servers":[1],"dialogs":["x"]})"}) {
        EXPECT_FALSE(servers_text(text)) << text;
        EXPECT_FALSE(owners_text(text)) << text;
        EXPECT_FALSE(registrars_text(text)) << text;
        EXPECT_FALSE(version_text(text)) << text;
        EXPECT_FALSE(state_text(text)) << text;
        EXPECT_FALSE(reload_text(text)) << text;
    }
    EXPECT_FALSE(status_text("{}"));
    EXPECT_EQ(error_text(R"({"error":"unknown"})"), "unknown");
    EXPECT_EQ(error_text("<html>"), "<html>");
}

TEST(Explanation, ThereAndBackWithAnyBytes) {
    const Explanation before{.outcome = "forwarded",
                             .reason = "new_call",
                             .server = "a",
                             .next_hop = "udp:127.0.1.1:5060",
                             .steps = {"one", "two: \"x\""},
                             .message = std::string("INVITE \xff\0\r\n", 11)};
    const auto after = explanation_from_json(to_json(before));
    ASSERT_TRUE(after);
    EXPECT_EQ(to_text(*after), to_text(before));
    EXPECT_EQ(after->message, before.message);
    for (const char* text : {"", "{}", "[]", R"({"outcome":"x"})"})
        EXPECT_FALSE(explanation_from_json(text)) << text;
}

}  // namespace
}  // namespace sipsteer
