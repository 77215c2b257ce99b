#include "proxy/config_changes.hpp"

#include <gtest/gtest.h>

#include "proxy/config_loader.hpp"
#include "proxy/config_schema.hpp"

namespace sipsteer {
namespace {

using Lines = std::vector<std::string>;

Config config(const std::string& more) {
    LoadedConfig loaded = load_config_text(
        "[[server]]\nname = \"pbx-1\"\nuri = \"sip:127.0.1.1\"\n[[listener]]\nbind = \"127.0.0.1:5060\"\n" +
            more,
        "x.toml");
    EXPECT_TRUE(loaded.ok()) << more << to_string(loaded.errors.front());
    return std::move(loaded.config);
}

Lines changes(const std::string& before, const std::string& after) {
    return config_changes(config(before), config(before), config(after));
}

TEST(ConfigChanges, EachKindOfValue) {
    EXPECT_EQ(changes("", ""), Lines{});
    EXPECT_EQ(changes("[transfer]\nunmatched = \"fallback\"\n", "[transfer]\nunmatched = \"reject\"\n"),
              Lines{"transfer.unmatched \"fallback\" -> \"reject\""});
    EXPECT_EQ(
        changes("",
                "[transfer]\nfallback = \"pbx-1\"\nprobe = false\nallow_from = [\"servers\", \"::/0\"]\n"),
        (Lines{"transfer.fallback \"\" -> \"pbx-1\"",
               "transfer.allow_from [\"servers\", \"0.0.0.0/0\", \"::/0\"] -> [\"servers\", \"::/0\"]",
               "transfer.probe true -> false"}));
    EXPECT_EQ(changes("[health]\nprobe_interval = \"2s\"\nup_codes = [200]\n[calls]\nttl = \"240m\"\n",
                      "[health]\nprobe_interval = 0\nup_codes = [200, \"404\"]\nrise_after = 3\n"),
              (Lines{"health.probe_interval 2s -> 0", "health.rise_after 1 -> 3",
                     "health.up_codes [200] -> [200, 404]"}));
    EXPECT_EQ(changes("[calls]\nttl = \"90m\"\n", "[calls]\nttl = \"1500ms\"\n"),
              Lines{"calls.ttl 90m -> 1500ms"});
    EXPECT_EQ(changes("[routing]\ndomains = [\"a\"]\n",
                      "[routing]\ndomains = [\"" + std::string(90, 'b') + "\"]\n"),
              Lines{"routing.domains [\"a\"] -> [\"" + std::string(80, 'b') + "...\"]"});
}

TEST(ConfigChanges, WhatIsWrittenAsTheDefaultIsNoChange) {
    EXPECT_EQ(changes("[calls]\nttl = \"4h\"\n[log]\nlevel = \"info\"\n", ""), Lines{});
}

TEST(ConfigChanges, WhatNeedsARestartIsToldUntilThen) {
    const Config started = config("[process]\ndrain = \"30s\"\nworkers = 1\n");
    const Config other = config("[process]\ndrain = \"3s\"\nworkers = 1\n[log]\nlevel = \"debug\"\n");
    const std::string drain = "process.drain 30s -> 3s (needs a restart)";
    EXPECT_EQ(config_changes(started, started, other), (Lines{drain, "log.level \"info\" -> \"debug\""}));
    EXPECT_EQ(config_changes(started, other, other), Lines{drain});
    EXPECT_EQ(config_changes(started, other, started), Lines{"log.level \"debug\" -> \"info\""})
        << "the process runs with it";
    EXPECT_EQ(changes("", "[process]\nadmin_socket = \"\"\n"),
              Lines{"process.admin_socket default -> \"\" (needs a restart)"});
}

TEST(ConfigChanges, ListsOfSectionsByTheirContent) {
    const std::string a = "[[route]]\ngroup = \"default\"\ndomain = \"a\"\n";
    const std::string b = "[[route]]\ndomain = \"b\"\ngroup = \"default\"\n";
    const std::string c = "[[route]]\ngroup = \"default\"\n";
    const std::string line_a = "[[route]] group = \"default\", domain = \"a\"";
    const std::string line_b = "[[route]] group = \"default\", domain = \"b\"";
    EXPECT_EQ(changes(a + b + c, a + b + c), Lines{});
    EXPECT_EQ(changes(a + c, a + b + c), Lines{"+ " + line_b});
    EXPECT_EQ(changes(a + b + c, b + c), Lines{"- " + line_a});
    EXPECT_EQ(changes("", c), Lines{"+ [[route]] group = \"default\""});
    EXPECT_EQ(changes(a + b, b + a), (Lines{"- " + line_a, "- " + line_b, "+ " + line_b, "+ " + line_a}))
        << "the first match wins";
    EXPECT_EQ(changes(c + c, c), Lines{"- [[route]] group = \"default\""});
    EXPECT_EQ(changes("", "[[listener]]\nbind = \"127.0.0.2:5060\"\n"),
              Lines{"+ [[listener]] bind = \"127.0.0.2:5060\" (needs a restart)"});
}

TEST(ConfigChanges, SecretsAreNotShown) {
    EXPECT_EQ(
        changes("",
                "[hep]\ncapture_password = \"hush\"\ncapture_id = 7\n[store]\nurl = \"redis://:hush@h\"\n"),
        (Lines{"store.url has changed (has no effect)", "hep.capture_id 2001 -> 7 (has no effect)",
               "hep.capture_password has changed (has no effect)"}));
    for (const KeySpec& key : config_keys()) {
        const bool named_so = key.name.ends_with("password") || key.name.ends_with("secret");
        EXPECT_TRUE(key.secret || !named_so) << key.section << "." << key.name;
    }
}

}  // namespace
}  // namespace sipsteer
