#include "proxy/live_cluster.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>

#include "proxy/config_loader.hpp"
#include "proxy/config_schema.hpp"

namespace sipsteer {
namespace {

struct LiveClusterTest : testing::Test {
    std::string file =
        std::filesystem::temp_directory_path() / ("live-cluster-" + std::to_string(::getpid()));
    Seconds now = 1000;
    int published = 0;
    std::unique_ptr<LiveCluster> cluster;

    /// Servers, and other sections with their head.
    void write(const std::vector<std::string>& sections) const {
        std::ofstream out{file};
        out << "[listen]\nudp = [\"127.0.0.1:5060\"]\n";
        for (const std::string& section : sections)
            out << (section.starts_with('[') ? "" : "[[server]]\n") << section << '\n';
    }
    void start(const std::vector<std::string>& servers) {
        write(servers);
        LoadedConfig loaded = load_config(file);
        ASSERT_TRUE(loaded.ok());
        cluster = std::make_unique<LiveCluster>(std::move(loaded.config), ClusterKey::derive({1}));
        cluster->on_publish([this] { ++published; });
    }
    LiveCluster::Reload reload(const std::vector<std::string>& servers) {
        write(servers);
        return cluster->reload(now);
    }
    std::shared_ptr<const Snapshot> snapshot() const { return cluster->snapshots().get(); }
    const MediaServer* find(const std::string& name) const {
        kept = snapshot();
        const auto found = std::ranges::find(kept->servers.all(), name, &MediaServer::name);
        return found == kept->servers.all().end() ? nullptr : &*found;
    }
    void TearDown() override { std::filesystem::remove(file); }

    mutable std::shared_ptr<const Snapshot> kept;
};

const std::string kOne = "name = \"pbx-1\"\nuri = \"sip:127.0.1.1\"";
const std::string kTwo = "name = \"pbx-2\"\nuri = \"sip:127.0.1.2\"";

TEST_F(LiveClusterTest, OperatorsWordsStandAboveTheFileUntilReady) {
    start({kOne, kTwo});
    ASSERT_TRUE(cluster->set_state("pbx-1", ServerState::maint));
    EXPECT_FALSE(cluster->set_state("pbx-9", ServerState::drain));
    EXPECT_EQ(find("pbx-1")->state, ServerState::maint);
    EXPECT_TRUE(find("pbx-1")->state_is_operators);
    EXPECT_TRUE(reload({kOne, kTwo + "\nstate = \"drain\""}).errors.empty());
    EXPECT_EQ(find("pbx-1")->state, ServerState::maint);
    EXPECT_EQ(find("pbx-2")->state, ServerState::drain);
    EXPECT_FALSE(find("pbx-2")->state_is_operators);
    ASSERT_TRUE(cluster->set_state("pbx-2", ServerState::ready));
    EXPECT_EQ(find("pbx-2")->state, ServerState::ready);
    ASSERT_TRUE(cluster->set_state("pbx-1", ServerState::ready));
    EXPECT_FALSE(find("pbx-1")->state_is_operators);
}

TEST_F(LiveClusterTest, HealthOfServersThatStayIsKept) {
    start({kOne, kTwo});
    const ServerId one = find("pbx-1")->id;
    EXPECT_TRUE(cluster->set_health({.server = one, .up = false}));
    EXPECT_FALSE(cluster->set_health({.server = one, .up = false})) << "nothing new";
    EXPECT_FALSE(cluster->set_health({.server = 4711, .up = false})) << "nobody";
    EXPECT_TRUE(reload({kTwo, kOne + "\nweight = 7"}).errors.empty());
    EXPECT_FALSE(find("pbx-1")->up);
    EXPECT_EQ(find("pbx-1")->weight, 7U);
}

TEST_F(LiveClusterTest, AWrongFileChangesNothing) {
    start({kOne, kTwo});
    const auto before = snapshot();
    published = 0;
    const auto result = reload({kOne, "nam = \"pbx-3\""});
    ASSERT_FALSE(result.errors.empty());
    EXPECT_TRUE(std::ranges::any_of(result.errors, [this](const std::string& error) {
        return error.starts_with(file + ":7:1: ");
    })) << result.errors.front();
    EXPECT_EQ(snapshot(), before);
    EXPECT_EQ(published, 0);
}

TEST_F(LiveClusterTest, AServerThatIsTakenOutStaysUntilItsLastCallHasEnded) {
    start({kOne, kTwo});
    const ServerId two = find("pbx-2")->id;
    OwnerCounts counts;
    counts.add(two, 1);
    EXPECT_EQ(reload({kOne}).changes, std::vector<std::string>{"- pbx-2"});
    ASSERT_NE(find("pbx-2"), nullptr);
    EXPECT_FALSE(find("pbx-2")->takes_new_calls());
    EXPECT_TRUE(find("pbx-2")->takes_transfers()) << "its calls are alive";
    EXPECT_FALSE(cluster->set_state("pbx-2", ServerState::maint)) << "operators have taken it out";
    now += 1000;
    cluster->forget_left(counts, now);
    EXPECT_NE(find("pbx-2"), nullptr);
    counts.add(two, -1);
    cluster->forget_left(counts, now);
    EXPECT_EQ(find("pbx-2"), nullptr);
    EXPECT_EQ(snapshot()->servers.by_id(two), std::nullopt);
}

TEST_F(LiveClusterTest, AServerThatLeavesHasItsHealth) {
    start({kOne, kTwo});
    const ServerId two = find("pbx-2")->id;
    EXPECT_TRUE(cluster->set_health({.server = two, .up = false}));
    ASSERT_TRUE(reload({kOne}).errors.empty());
    EXPECT_FALSE(find("pbx-2")->takes_transfers()) << "it was down when it left";
    EXPECT_TRUE(cluster->set_health({.server = two, .up = true}));
    EXPECT_TRUE(find("pbx-2")->takes_transfers());
    EXPECT_TRUE(cluster->set_health({.server = two, .up = false}));
    ASSERT_TRUE(reload({kOne, kTwo}).errors.empty());
    EXPECT_FALSE(find("pbx-2")->up) << "and when it comes back";
    ASSERT_TRUE(reload({kOne}).errors.empty());
    cluster->forget_left(OwnerCounts{}, now + LiveCluster::kLeaving);
    EXPECT_EQ(find("pbx-2"), nullptr);
    EXPECT_FALSE(cluster->set_health({.server = two, .up = true})) << "nobody any more";
}

TEST_F(LiveClusterTest, AServerThatLeavesInMaintenanceStaysInMaintenance) {
    start({kOne, kTwo});
    ASSERT_TRUE(cluster->set_state("pbx-2", ServerState::maint));
    ASSERT_TRUE(reload({kOne}).errors.empty());
    EXPECT_EQ(find("pbx-2")->state, ServerState::maint);
    EXPECT_FALSE(find("pbx-2")->takes_transfers());
}

TEST_F(LiveClusterTest, AServerComesBackWhileItLeaves) {
    start({kOne, kTwo});
    ASSERT_TRUE(reload({kOne}).errors.empty());
    EXPECT_EQ(reload({kOne, kTwo}).changes, std::vector<std::string>{"+ pbx-2"});
    EXPECT_TRUE(find("pbx-2")->takes_new_calls());
    EXPECT_EQ(snapshot()->servers.all().size(), 2U);
}

TEST_F(LiveClusterTest, ReloadTellsEachChangedKeyAndTheWarningsOfTheFile) {
    start({kOne});
    const auto result = reload({kOne, "[transfer]\nunmatched = \"reject\"\n[process]\ndrain = \"3s\""});
    ASSERT_TRUE(result.errors.empty()) << result.errors.front();
    const std::vector<std::string> drain{"process.drain 30s -> 3s (needs a restart)"};
    EXPECT_EQ(result.changes,
              (std::vector<std::string>{drain[0], "transfer.unmatched \"fallback\" -> \"reject\""}));
    EXPECT_TRUE(result.warnings.empty());
    const auto again = reload({kOne + "\nweight = 7", "[process]\ndrain = \"3s\""});
    EXPECT_EQ(again.changes, (std::vector<std::string>{"pbx-1 weight 1 -> 7", drain[0],
                                                       "transfer.unmatched \"reject\" -> \"fallback\""}));
    ASSERT_EQ(again.warnings.size(), 1U);
    EXPECT_EQ(again.warnings[0].substr(0, file.size() + 26), file + ":1:1: transfer.unmatched: ");
}

TEST_F(LiveClusterTest, TheEdgeOfSipsReloads) {
    start({kOne});
    EXPECT_FALSE(snapshot()->terminate_sips);
    EXPECT_EQ(reload({kOne, "[tls]\nsips = \"terminate\""}).changes,
              std::vector<std::string>{"tls.sips \"strict\" -> \"terminate\""});
    EXPECT_TRUE(snapshot()->terminate_sips);
}

/// server_changes() compares by hand: this says when a key of [[server]] is new.
TEST_F(LiveClusterTest, ReloadTellsEachKeyOfAServer) {
    const std::map<std::string_view, std::string> others{
        {"name", "\"pbx-9\""},  {"uri", "\"sip:127.0.1.9\""}, {"weight", "9"},
        {"state", "\"drain\""}, {"group", "\"night\""},       {"sources", "[\"10.0.0.1\"]"},
        {"backup", "true"},     {"max_calls", "9"},           {"expand", "\"srv\""}};
    for (const KeySpec& key : config_keys()) {
        if (key.section != "server") continue;
        ASSERT_TRUE(others.contains(key.name)) << key.name;
        std::map<std::string_view, std::string> keys{{"name", "\"pbx-1\""},
                                                     {"uri", "\"sip:pbx.example.com\""}};
        start({kTwo, "name = " + keys["name"] + "\nuri = " + keys["uri"]});
        keys[key.name] = others.at(key.name);
        std::string server;
        for (const auto& [name, value] : keys) server += std::string{name} + " = " + value + "\n";
        const auto result = reload({kTwo, server});
        ASSERT_TRUE(result.errors.empty()) << result.errors.front();
        EXPECT_FALSE(result.changes.empty()) << key.name;
    }
}

const std::string kSrv = "name = \"pbx\"\nuri = \"sip:pbx.example.com\"\nexpand = \"srv\"\nmax_calls = 9";

HostAddresses srv(const std::vector<int>& numbers) {
    std::vector<HostTarget> targets;
    for (const int number : numbers) {
        const std::string text = std::to_string(number);
        const IpAddress address = parse_ip("127.0.2." + text).value();
        targets.push_back({"pbx-" + text + ".example.com", 5060, 1, 10, {{address, 5060, Transport::udp}}});
    }
    return {{{"pbx.example.com", 0, Transport::udp, true}, targets}};
}

using Lines = std::vector<std::string>;

TEST_F(LiveClusterTest, ServersThatSrvRecordsNameComeAndGo) {
    start({kSrv});
    EXPECT_TRUE(snapshot()->servers.all().empty());
    EXPECT_EQ(cluster->remarks().size(), 1U);
    EXPECT_EQ(cluster->set_addresses(srv({1, 2}), now), (Lines{"+ pbx-1", "+ pbx-2"}));
    EXPECT_TRUE(cluster->remarks().empty());
    const ServerId two = find("pbx-2")->id;
    EXPECT_EQ(find("pbx-2")->max_calls, 9U);
    EXPECT_EQ(find("pbx-2")->weight, 10U);
    ASSERT_TRUE(cluster->set_state("pbx-2", ServerState::drain));
    EXPECT_TRUE(cluster->set_health({.server = two, .up = false}));
    EXPECT_EQ(cluster->set_addresses(srv({3, 2}), now), (Lines{"+ pbx-3", "- pbx-1"}));
    EXPECT_EQ(find("pbx-2")->id, two);
    EXPECT_EQ(find("pbx-2")->state, ServerState::drain);
    EXPECT_FALSE(find("pbx-2")->up);
    ASSERT_NE(find("pbx-1"), nullptr) << "it leaves, as with a reload";
    EXPECT_FALSE(find("pbx-1")->takes_new_calls());
    EXPECT_TRUE(reload({kSrv, kOne + "\nstate = \"drain\""}).errors.empty()) << "whose name is one of DNS's";
    EXPECT_EQ(cluster->set_addresses(srv({1, 2}), now), (Lines{"- pbx-3"}))
        << "what the file says goes first";
    EXPECT_EQ(find("pbx-1")->origin, ServerOrigin::config);
    EXPECT_EQ(cluster->remarks().size(), 1U);
    EXPECT_EQ(reload({kOne}).changes, (Lines{"pbx-1 state drain -> ready", "- pbx-2"}));
}

}  // namespace
}  // namespace sipsteer
