#include <gtest/gtest.h>
#include <toml++/toml.h>

#include <fstream>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <thread>

#include "proxy/config_loader.hpp"
#include "proxy/config_reference.hpp"

namespace sipsteer {
namespace {

using namespace std::chrono_literals;

std::string all_errors(const LoadedConfig& loaded) {
    std::string text;
    for (const auto& error : loaded.errors) text += to_string(error) + "\n";
    return text;
}

/// `key = value` lines of the contract's sample with their section and what the comment says.
struct SampleLine {
    std::string section;
    std::string key;
    std::string literal;
    bool is_sample = false;
};

std::vector<SampleLine> contract_lines() {
    std::ifstream file(SIPSTEER_TEST_DATA "/contract_config.toml");
    EXPECT_TRUE(file.good());
    const std::regex header(R"(\s*\[+([a-z._]+)\]+.*)");
    const std::regex pair(R"(\s*([a-z_]+)\s*=\s*("[^"]*"|\[[^\]]*\]|[^#\s]+)\s*(#.*)?)");
    std::vector<SampleLine> lines;
    std::string section;
    std::string line;
    std::smatch match;
    while (std::getline(file, line)) {
        if (std::regex_match(line, match, header)) {
            section = match[1];
        } else if (std::regex_match(line, match, pair)) {
            lines.push_back(
                {section, match[1], match[2], match[3].str().find("sample") != std::string::npos});
        }
    }
    return lines;
}

TEST(Config, EveryKeyOfTheContractIsKnownAndItsDefaultIsAsStated) {
    const auto lines = contract_lines();
    EXPECT_EQ(lines.size(), 66U);
    // Samples without the word: `likewise` on the line of udp; the word default stands in the comment.
    const std::set<std::string> also_samples{"listen.tcp", "listen.tls", "process.admin_socket"};
    for (const auto& line : lines) {
        const auto name = line.section + "." + line.key;
        const auto* key = find_key(line.section, line.key);
        ASSERT_NE(key, nullptr) << name;
        EXPECT_NO_THROW(read_literal(*key, line.literal)) << name;
        if (line.is_sample || also_samples.contains(name)) {
            const bool empty = key->initial.empty() || key->initial == R"("")" || key->initial == "[]";
            EXPECT_TRUE(empty) << name << " = " << key->initial;
        } else {
            EXPECT_EQ(read_literal(*key, key->initial), read_literal(*key, line.literal)) << name;
        }
    }
}

TEST(Config, TheTableIsComplete) {
    std::set<std::string> seen;
    for (const auto& key : config_keys()) {
        const auto name = std::string(key.section) + "." + std::string(key.name);
        EXPECT_TRUE(seen.insert(name).second) << name;
        EXPECT_NE(find_section(key.section), nullptr) << name;
        EXPECT_FALSE(key.help.empty()) << name;
        EXPECT_NE(key.store, nullptr) << name;
        EXPECT_FALSE(key.initial.empty() && key.initial_text.empty()) << name;
        EXPECT_FALSE(key.initial.empty() && key.sample.empty()) << name << ": nothing to show";
        EXPECT_EQ(key.type == ValueType::word, !key.words.empty()) << name;
        const bool needs_unit = key.type == ValueType::duration;
        EXPECT_FALSE(needs_unit && key.unit.empty()) << name;
        for (const auto literal : {key.initial, key.sample, key.acts_as}) {
            EXPECT_NO_THROW(read_literal(key, literal)) << name << " " << literal;
        }
    }
    // The contract's 66 keys, process.segment, the further ones of [[route]], those of [[tls.certificates]],
    // and [dispatcher], and server.expand.
    EXPECT_EQ(seen.size(), 67U + 4U + 2U + 2U + 1U);
}

TEST(Config, Defaults) {
    const auto loaded = load_config_text(
        "[listen]\nudp = [\"127.0.0.1:5060\"]\n[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.1\"\n",
        "x.toml");
    ASSERT_TRUE(loaded.ok()) << all_errors(loaded);
    const auto& config = loaded.config;
    EXPECT_EQ(config.process.workers, std::max(1U, std::thread::hardware_concurrency()));
    EXPECT_EQ(config.process.drain, 30s);
    EXPECT_EQ(config.listen.http, "127.0.0.1:8060");
    EXPECT_EQ(config.listen.http_port, 8060);
    EXPECT_FALSE(config.is_written("listen.http"));
    EXPECT_EQ(config.servers[0].weight, 1U);
    EXPECT_EQ(config.servers[0].group, "default");
    EXPECT_EQ(config.servers[0].state, ServerState::ready);
    EXPECT_EQ(config.routing.affinity_kind, Config::Affinity::call_id);
    EXPECT_TRUE(config.routing.record_route);
    EXPECT_EQ(config.transfer.unmatched, Config::Unmatched::fallback);
    EXPECT_EQ(config.transfer.fallback_kind, Config::FallbackKind::none);
    EXPECT_TRUE(config.transfer.fallback_strip_replaces);
    EXPECT_TRUE(config.transfer.allow_servers);
    EXPECT_EQ(config.transfer.allow_networks.size(), 2U);
    EXPECT_EQ(config.calls.max, 1000000U);
    EXPECT_EQ(config.calls.ttl, 4h);
    EXPECT_EQ(config.store.deadline, 30ms);
    EXPECT_EQ(config.limits.message_bytes, 65535U);
    EXPECT_EQ(config.hep.capture_id, 2001U);
    EXPECT_EQ(config.log.level, Config::LogLevel::info);
}

TEST(Config, ValuesAreStored) {
    const auto loaded = load_config_text(R"(
[process]
workers = 3
[listen]
udp = ["udp:127.0.0.1:5060", "[::1]:5070"]
advertise = "203.0.113.10:5080"
aliases = ["proxy.example.com", "[2001:db8::1]:5060"]
http = ""
dscp = 46
[[listener]]
bind = "10.0.0.5:5060"
side = "servers"
[[server]]
name = "pbx-1"
uri = "sip:[2001:db8::11]:5090"
weight = 10
state = "drain"
sources = ["10.1.2.3/8", "10.0.0.1:5061"]
group = "night"
backup = true
max_calls = 5
[routing]
affinity = "header:X-Room"
placement = "least-calls"
domains = ["example.com"]
source_header = "X-Source"
[[route]]
group = "night"
listener = "udp:[::1]:5070"
source = "192.0.2.0/24"
user_prefix = "+49"
[[route]]
group = "night"
[transfer]
unmatched = "strip"
fallback = "sip:replaces@127.0.1.1:5070"
owner_down = "fallback"
rewrite_user = "replaces%20x"
allow_from = ["192.0.2.0/24"]
[health]
up_codes = [200, "404"]
probe_interval = "1500ms"
[calls]
ttl = "90m"
[log]
format = "json"
level = "warning"
)",
                                         "x.toml");
    ASSERT_TRUE(loaded.ok()) << all_errors(loaded);
    const auto& config = loaded.config;
    EXPECT_EQ(config.process.workers, 3U);
    ASSERT_EQ(config.listeners.size(), 3U);
    EXPECT_EQ(config.listeners[0].text, "udp:127.0.0.1:5060");
    EXPECT_EQ(config.listeners[0].advertise.host, "203.0.113.10");
    EXPECT_EQ(config.listeners[0].advertise.port, 5080);
    EXPECT_EQ(config.listeners[1].text, "udp:[::1]:5070");
    EXPECT_EQ(config.listeners[2].side, Config::Side::servers);
    EXPECT_EQ(config.listeners[2].advertise.host, "") << "listen.advertise is for the short lists";
    ASSERT_EQ(config.listen.alias_hosts.size(), 2U);
    EXPECT_EQ(config.listen.alias_hosts[1].host, "2001:db8::1");
    EXPECT_FALSE(config.listen.http_address.has_value());
    EXPECT_TRUE(config.is_written("listen.http"));
    EXPECT_EQ(config.listen.dscp, 46);
    const auto& server = config.servers[0];
    EXPECT_EQ(server.host, "2001:db8::11");
    EXPECT_EQ(server.port, 5090);
    EXPECT_EQ(server.weight, 10U);
    EXPECT_EQ(server.state, ServerState::drain);
    EXPECT_TRUE(server.backup);
    EXPECT_EQ(server.max_calls, 5U);
    ASSERT_EQ(server.source_networks.size(), 2U);
    EXPECT_EQ(server.source_networks[0].network, *parse_ip("10.0.0.0"));
    EXPECT_EQ(server.source_networks[0].prefix_bits, 8);
    EXPECT_EQ(server.source_networks[1].port, 5061);
    EXPECT_EQ(config.routing.affinity_kind, Config::Affinity::header);
    EXPECT_EQ(config.routing.affinity_header, "X-Room");
    EXPECT_EQ(config.routing.placement, Config::Placement::least_calls);
    ASSERT_EQ(config.routes.size(), 2U);
    EXPECT_EQ(config.routes[0].listener_index, 1U);
    EXPECT_EQ(config.routes[0].source_network->prefix_bits, 24);
    EXPECT_EQ(config.transfer.unmatched, Config::Unmatched::strip);
    EXPECT_EQ(config.transfer.fallback_kind, Config::FallbackKind::uri);
    EXPECT_EQ(config.transfer.fallback_host.port, 5070);
    EXPECT_FALSE(config.transfer.allow_servers);
    EXPECT_EQ(config.health.up_codes, (std::vector<std::uint16_t>{200, 404}));
    EXPECT_EQ(config.health.probe_interval, 1500ms);
    EXPECT_EQ(config.calls.ttl, 90min);
    EXPECT_EQ(config.log.format, Config::LogFormat::json);
    EXPECT_EQ(config.log.level, Config::LogLevel::warning);
}

TEST(Config, FallbackByName) {
    const std::string head =
        "[listen]\nudp = [\"127.0.0.1:5060\"]\n[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.1\"\ngroup = "
        "\"g\"\n";
    EXPECT_EQ(load_config_text(head + "[transfer]\nfallback = \"a\"\n", "x").config.transfer.fallback_kind,
              Config::FallbackKind::server);
    EXPECT_EQ(load_config_text(head + "[transfer]\nfallback = \"g\"\n", "x").config.transfer.fallback_kind,
              Config::FallbackKind::group);
}

TEST(Config, RelativePathsAreRelativeToTheFile) {
    const auto loaded = load_config_text("[process]\nkey_file = \"key\"\n", "/etc/sipsteer/sipsteer.toml");
    EXPECT_EQ(loaded.config.process.key_file, "/etc/sipsteer/key");
}

TEST(Config, FromFlags) {
    const auto loaded =
        config_from_flags({"udp:127.0.0.1:5060", "[::1]:5060"},
                          {"sip:127.0.1.1:5060", "127.0.1.2:5070", "pbx.example.com", "2001:db8::1"});
    ASSERT_TRUE(loaded.ok()) << all_errors(loaded);
    ASSERT_EQ(loaded.config.listeners.size(), 2U);
    ASSERT_EQ(loaded.config.servers.size(), 4U);
    EXPECT_EQ(loaded.config.servers[0].name, "server-1");
    EXPECT_EQ(loaded.config.servers[0].uri, "sip:127.0.1.1:5060");
    EXPECT_EQ(loaded.config.servers[1].port, 5070);
    EXPECT_EQ(loaded.config.servers[2].host, "pbx.example.com");
    EXPECT_EQ(loaded.config.servers[3].host, "2001:db8::1");
    EXPECT_EQ(loaded.config.servers[3].name, "server-4");
    EXPECT_FALSE(loaded.config.is_written("listen.http"));
}

TEST(Config, FlagsGoThroughTheSameChecks) {
    const auto loaded =
        config_from_flags({"upd:127.0.0.1:5060"}, {"127.0.1.1", "127.0.1.1:5060", "127.0.1.2:99999"});
    EXPECT_EQ(all_errors(loaded),
              "command line: listener.bind: \"upd:127.0.0.1:5060\": unknown transport \"upd\"; did you mean "
              "\"udp\"?\n"
              "command line: server.uri: \"sip:127.0.1.1:5060\" is the address of \"server-1\" already\n"
              "command line: server.uri: \"sip:127.0.1.2:99999\": \"127.0.1.2:99999\": the port \"99999\" is "
              "not between "
              "1 and 65535\n");
}

TEST(Config, EveryDurationCanBeOff) {
    for (const auto& key : config_keys()) {
        if (key.type != ValueType::duration) continue;
        for (const char* off : {"0", "\"0\"", "\"0s\""}) {
            const auto loaded = load_config_text(
                "[listen]\nudp = [\"127.0.0.1:5060\"]\n[[server]]\nname = \"a\"\n"
                "uri = \"sip:127.0.1.1\"\n[" +
                    std::string(key.section) + "]\n" + std::string(key.name) + " = " + off + "\n",
                "x.toml");
            EXPECT_TRUE(loaded.ok()) << to_string(loaded.errors[0]);
        }
    }
}

TEST(ConfigReference, DefaultFileLoadsWhenUncommented) {
    std::istringstream lines(config_default_toml());
    std::string toml;
    std::string line;
    std::set<std::string> keys;
    std::string section;
    while (std::getline(lines, line)) {
        EXPECT_LE(line.size(), 110U) << line;
        if (line.size() > 1 && line[0] == '#' && line[1] != ' ') line.erase(0, 1);
        toml += line + "\n";
        if (line.starts_with("["))
            section = line.substr(line.find_last_of('[') + 1, line.find(']') - line.find_last_of('[') - 1);
        if (!line.empty() && line[0] != '#' && line[0] != '[')
            keys.insert(section + "." + line.substr(0, line.find(' ')));
    }
    const auto loaded = load_config_text(toml, "default.toml");
    // The files of its samples are nobody's.
    for (const ConfigError& error : loaded.errors) {
        EXPECT_NE(to_string(error).find(".pem\" does not exist"), std::string::npos) << to_string(error);
    }
    EXPECT_EQ(loaded.errors.size(), 3U);
    EXPECT_EQ(keys.size(), config_keys().size());
    for (const auto& key : config_keys()) {
        EXPECT_TRUE(keys.contains(std::string(key.section) + "." + std::string(key.name))) << key.name;
    }
}

TEST(ConfigReference, DefaultFileIsTomlAsItIs) {
    EXPECT_NO_THROW({ const auto document = toml::parse(config_default_toml()); });
}

}  // namespace
}  // namespace sipsteer
