#include "proxy/control_command_line.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace sipsteer {
namespace {

using Parsed = std::variant<ControlCommand, UsageCommand>;

Parsed parse(std::vector<const char*> words) {
    words.insert(words.begin(), "sipsteerctl");
    return parse_control_command_line(static_cast<int>(words.size()), words.data());
}

TEST(ControlCommandLine, Verbs) {
    EXPECT_EQ(std::get<ControlCommand>(parse({"status"})).verb, ControlVerb::status);
    EXPECT_EQ(std::get<ControlCommand>(parse({"servers"})).verb, ControlVerb::servers);
    EXPECT_EQ(std::get<ControlCommand>(parse({"version"})).verb, ControlVerb::version);
    const auto owner = std::get<ControlCommand>(parse({"owner", "a/b@c"}));
    EXPECT_EQ(owner.verb, ControlVerb::owner);
    EXPECT_EQ(owner.call_id, "a/b@c");
    const auto explain = std::get<ControlCommand>(parse({"explain", "--from", "udp:192.0.2.7:5060"}));
    EXPECT_EQ(explain.verb, ControlVerb::explain);
    EXPECT_EQ(explain.from, "udp:192.0.2.7:5060");
}

TEST(ControlCommandLine, StatesOfAServer) {
    const auto drain = std::get<ControlCommand>(parse({"drain", "pbx-1", "--wait", "30m"}));
    EXPECT_EQ(drain.verb, ControlVerb::drain);
    EXPECT_EQ(drain.server, "pbx-1");
    EXPECT_EQ(drain.wait, std::chrono::minutes{30});
    EXPECT_EQ(std::get<ControlCommand>(parse({"drain", "pbx-1"})).wait.count(), 0);
    EXPECT_EQ(std::get<ControlCommand>(parse({"ready", "pbx-1"})).verb, ControlVerb::ready);
    EXPECT_EQ(std::get<ControlCommand>(parse({"maint", "pbx-1"})).verb, ControlVerb::maint);
    EXPECT_EQ(std::get<ControlCommand>(parse({"reload"})).verb, ControlVerb::reload);
    for (const auto& words :
         {std::vector<const char*>{"drain"}, std::vector<const char*>{"drain", "a", "--wait"},
          std::vector<const char*>{"drain", "a", "--wait", "soon"},
          std::vector<const char*>{"ready", "a", "--wait", "1m"}, std::vector<const char*>{"reload", "a"}}) {
        EXPECT_EQ(std::get<UsageCommand>(parse(words)).status, kControlUsage);
    }
}

TEST(ControlCommandLine, OptionsBeforeAndBehindTheVerb) {
    for (const auto& words : {std::vector<const char*>{"-s", "x.sock", "-o", "json", "servers"},
                              std::vector<const char*>{"servers", "-s", "x.sock", "-o", "json"}}) {
        const auto command = std::get<ControlCommand>(parse(words));
        EXPECT_EQ(command.verb, ControlVerb::servers);
        EXPECT_EQ(command.socket, "x.sock");
        EXPECT_TRUE(command.json);
    }
    EXPECT_FALSE(std::get<ControlCommand>(parse({"servers", "-o", "text"})).json);
    EXPECT_TRUE(std::get<ControlCommand>(parse({"status"})).socket.empty());
}

TEST(ControlCommandLine, AnUnknownVerbSaysWhichThereAre) {
    // Verbs of later versions: nothing may look as if it had been done.
    for (const char* word : {"tail", "halt", "nonsense"}) {
        const auto usage = std::get<UsageCommand>(parse({word, "pbx-1"}));
        EXPECT_EQ(usage.status, kControlUsage) << word;
        EXPECT_NE(usage.text.find(std::string("\"") + word + "\""), std::string::npos) << usage.text;
        for (const char* verb : {"status", "servers", "owner", "explain", "version"}) {
            EXPECT_NE(usage.text.find(std::string("  ") + verb), std::string::npos) << usage.text;
        }
    }
}

TEST(ControlCommandLine, AWrongOptionOfAVerbIsNamed) {
    const auto usage = std::get<UsageCommand>(parse({"drian", "pbx-1"}));
    EXPECT_TRUE(usage.text.starts_with("unknown verb \"drian\"; did you mean \"drain\"?\n")) << usage.text;
    const auto option = std::get<UsageCommand>(parse({"drain", "pbx-1", "--wiat", "3m"}));
    EXPECT_EQ(option.status, kControlUsage);
    EXPECT_TRUE(option.text.starts_with("unknown option \"--wiat\"; did you mean \"--wait\"?\n"))
        << option.text;
    EXPECT_NE(option.text.find("\n  -s,--socket "), std::string::npos) << option.text;
}

TEST(ControlCommandLine, TopAndTrace) {
    const auto top = std::get<ControlCommand>(parse({"top", "--once"}));
    EXPECT_EQ(top.verb, ControlVerb::top);
    EXPECT_TRUE(top.once);
    const auto trace =
        std::get<ControlCommand>(parse({"trace", "--call-id", "a@b", "--for", "60s", "-o", "json"}));
    EXPECT_EQ(trace.verb, ControlVerb::trace);
    EXPECT_EQ(trace.call_id, "a@b");
    EXPECT_EQ(trace.duration, std::chrono::seconds{60});
    EXPECT_TRUE(trace.json);
    EXPECT_TRUE(std::get<ControlCommand>(parse({"trace", "--replaces"})).transfers);
    for (const auto& words : {std::vector<const char*>{"trace", "--for", "soon"},
                              std::vector<const char*>{"trace", "--replaces", "--call-id", "x"}}) {
        EXPECT_EQ(std::get<UsageCommand>(parse(words)).status, kControlUsage);
    }
}

TEST(ControlCommandLine, WrongOnesAreNoAnswer) {
    for (const auto& words :
         {std::vector<const char*>{}, std::vector<const char*>{"owner"},
          std::vector<const char*>{"status", "-o", "xml"}, std::vector<const char*>{"--nothing"},
          std::vector<const char*>{"status", "more"}}) {
        EXPECT_EQ(std::get<UsageCommand>(parse(words)).status, kControlUsage);
    }
    EXPECT_EQ(std::get<UsageCommand>(parse({"--help"})).status, 0);
}

}  // namespace
}  // namespace sipsteer
