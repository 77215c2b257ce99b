#include "proxy/stat_history.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <memory>

#include "proxy/stat_json.hpp"

namespace sipsteer {
namespace {

namespace json = boost::json;

constexpr ServerId kOne = 7;
constexpr ServerId kTwo = 7 + ServerCounterTable::kSlots;  // the same slot first

ServerSet two_servers() {
    MediaServer one;
    one.name = "pbx-1";
    one.uri = "sip:127.0.1.1:5060";
    MediaServer two;
    two.name = "pbx-2";
    two.uri = "sip:127.0.1.2:5060";
    return ServerSet({one, two}, {"default"}, ClusterKey::derive({}));
}

TEST(ServerCounterTable, KeepsServersApartAndHasRoomForSoMany) {
    auto table = std::make_unique<ServerCounterTable>();
    EXPECT_EQ(table->find(kOne), nullptr);
    table->of(kOne).sent.add(3);
    table->of(kTwo).sent.add(5);
    EXPECT_EQ(table->find(kOne)->sent.value(), 3U);
    EXPECT_EQ(table->find(kTwo)->sent.value(), 5U);
    for (ServerId id = 1000; id < 1000 + 2 * ServerCounterTable::kSlots; ++id) table->of(id).sent.add();
    EXPECT_EQ(table->find(kOne)->sent.value(), 3U);
    EXPECT_EQ(table->find(1000 + 2 * ServerCounterTable::kSlots - 1), nullptr);
}

TEST(StatFigures, WorkersAreAddedUp) {
    auto a = std::make_unique<Counters>();
    auto b = std::make_unique<Counters>();
    a->received[0][0].add(2);
    b->received[1][0].add(40);
    b->forwarded.add(41);
    b->servers.of(kTwo).answers[1].add(4);
    a->servers.of(kTwo).answers[1].add(1);
    const std::array<const Counters*, 2> workers{a.get(), b.get()};
    const std::array servers{kOne, kTwo};
    const StatTotals totals = add_up(workers, servers);
    EXPECT_EQ(totals.all.received[0], 42U);
    EXPECT_EQ(totals.all.forwarded, 41U);
    ASSERT_EQ(totals.servers.size(), 2U);
    EXPECT_EQ(totals.servers[0].answers[1], 0U);
    EXPECT_EQ(totals.servers[1].answers[1], 5U);
}

TEST(Quantile, IsLinearWithinItsBucket) {
    std::array<std::uint32_t, kDurations> buckets{};
    EXPECT_EQ(quantile_of(buckets, 0.5), 0);
    buckets[2] = 100;  // 2 to 4 µs
    EXPECT_DOUBLE_EQ(quantile_of(buckets, 0.5), 3e-6);
    buckets[0] = 100;
    EXPECT_DOUBLE_EQ(quantile_of(buckets, 0.25), 0.5e-6);
    EXPECT_DOUBLE_EQ(quantile_of(buckets, 0.5), 1e-6);
    buckets.back() = 10000;
    EXPECT_DOUBLE_EQ(quantile_of(buckets, 0.99), kDurationBuckets.back());
}

StatTotals totals(std::uint64_t received, std::vector<ServerFigures<std::uint64_t>> servers = {}) {
    StatTotals result;
    result.all.received[0] = received;
    result.all.forwarded = received;
    result.servers = std::move(servers);
    return result;
}

TEST(StatHistory, ASampleIsWhatASecondAdded) {
    StatHistory history;
    history.add(totals(100), {});
    EXPECT_TRUE(history.samples().empty());
    history.add(totals(130), {});
    history.add(totals(130), {});
    ASSERT_EQ(history.samples().size(), 2U);
    EXPECT_EQ(history.samples()[0].added.received[0], 30U);
    EXPECT_EQ(history.samples()[1].added.received[0], 0U);
    EXPECT_EQ(history.sequence(), 2U);
    EXPECT_EQ(history.totals().all.received[0], 130U);
}

TEST(StatHistory, KeepsTenMinutes) {
    StatHistory history;
    for (std::uint64_t i = 0; i <= StatHistory::kSamples + 5; ++i) history.add(totals(i), {});
    EXPECT_EQ(history.samples().size(), StatHistory::kSamples);
    EXPECT_EQ(history.samples().front().sequence, 6U);
    EXPECT_EQ(history.sequence(), StatHistory::kSamples + 5);
}

TEST(StatHistory, ServersComeAndGo) {
    StatHistory history;
    const std::array<std::uint64_t, 2> calls{3, 4};
    history.add(totals(0, {{.id = kOne, .sent = 10}}), calls);
    history.add(totals(0, {{.id = kTwo, .sent = 5}, {.id = kOne, .sent = 12}}), calls);
    const auto& servers = history.samples()[0].servers;
    ASSERT_EQ(servers.size(), 2U);
    EXPECT_EQ(servers[0].added.sent, 5U);
    EXPECT_EQ(servers[0].calls, 3U);
    EXPECT_EQ(servers[1].added.sent, 2U);
    EXPECT_EQ(servers[1].calls, 4U);
    history.add(totals(0, std::vector<ServerFigures<std::uint64_t>>(3 * StatHistory::kServers)), {});
    EXPECT_EQ(history.samples()[1].servers.size(), StatHistory::kServers);
}

TEST(StatJson, HasWhatIsNewer) {
    const ServerSet servers = two_servers();
    const auto id = [&](ServerIndex index) { return servers[index].id; };
    StatHistory history;
    const std::array<std::uint64_t, 2> calls{3, 4};
    history.add(totals(0), {});
    auto next = totals(8, {{.id = id(0), .sent = 6, .answers = {1, 2, 0, 3, 0, 0}}, {.id = id(1)}});
    next.all.decisions[static_cast<std::size_t>(RouteReason::transfer_owner)] = 2;
    next.all.durations[2] = 8;
    history.add(next, calls);
    next.all.received[0] += 2;  // one of them in hand
    next.all.forwarded += 1;
    next.all.dropped[static_cast<std::size_t>(DropReason::not_sip)] = 0;
    history.add(next, calls);

    const json::value all = json::parse(statistics_json(history, servers, 0));
    EXPECT_EQ(all.at("sequence").as_int64(), 2);
    EXPECT_EQ(all.at("samples").at("received"), (json::array{8, 2}));
    EXPECT_EQ(all.at("samples").at("decisions").at("transfer_owner"), (json::array{2, 0}));
    EXPECT_EQ(all.at("samples").at("decisions").as_object().size(), 1U);
    EXPECT_EQ(all.at("samples").at("p50_us"), (json::array{3.0, nullptr}));
    EXPECT_EQ(all.at("servers").at(0).at("name").as_string(), "pbx-1");
    EXPECT_EQ(all.at("servers").at(0).at("answers").at("4xx"), (json::array{3, 0}));
    EXPECT_EQ(all.at("servers").at(1).at("calls"), (json::array{4, 4}));
    EXPECT_EQ(all.at("totals").at("received").as_int64(), 10);
    EXPECT_EQ(all.at("totals").at("in_hand").as_int64(), 1);
    EXPECT_EQ(all.at("totals").at("drops").as_object().size(), 0U);

    const json::value newest = json::parse(statistics_json(history, servers, 1));
    EXPECT_EQ(newest.at("samples").at("received"), (json::array{2}));
    EXPECT_EQ(json::parse(statistics_json(history, servers, 2)).at("samples").at("received"), json::array{});
}

}  // namespace
}  // namespace sipsteer
