#include "proxy/control_text.hpp"

#include <gtest/gtest.h>

#include "proxy/explanation.hpp"

namespace sipsteer {
namespace {

TEST(ControlText, Servers) {
    EXPECT_EQ(*servers_text(R"({"servers":[
        {"name":"a","addresses":["udp:127.0.1.1:5060"],"group":"default","state":"ready","up":true,"weight":1,"calls":12},
        {"name":"long","addresses":[],"group":"b","state":"drain","up":false,"weight":10,"calls":0}]})"),
              "NAME  ADDRESS             GROUP    STATE  UP    WEIGHT  CALLS\n"
              "a     udp:127.0.1.1:5060  default  ready  up    1       12\n"
              "long  -                   b        drain  DOWN  10      0\n");
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
