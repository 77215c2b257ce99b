#include "proxy/metrics.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <sstream>

namespace sipsteer {
namespace {

bool has_line(const std::string& page, const std::string& line) {
    return ("\n" + page).find("\n" + line + "\n") != std::string::npos;
}

class MetricsTest : public testing::Test {
  protected:
    std::string page() { return render_metrics(workers_, gauges_); }

    Counters a_;
    Counters b_;
    std::vector<const Counters*> workers_{&a_, &b_};
    Gauges gauges_;
};

TEST_F(MetricsTest, EveryValueOfAClosedSetIsThereWithZero) {
    const auto text = page();
    for (const auto* transport : {"udp", "tcp", "tls", "ws", "wss"}) {
        for (const auto* kind : {"request", "response", "invalid"}) {
            const auto line = std::string("sipsteer_messages_received_total{transport=\"") + transport +
                              "\",kind=\"" + kind + "\"} 0";
            EXPECT_TRUE(has_line(text, line)) << line;
        }
    }
    for (const auto word : kDropReasonWords) {
        const auto line = "sipsteer_messages_dropped_total{reason=\"" + std::string(word) + "\"} 0";
        EXPECT_TRUE(has_line(text, line)) << line;
    }
    for (const auto word : kRouteReasonWords) {
        const auto line = "sipsteer_decisions_total{reason=\"" + std::string(word) + "\"} 0";
        EXPECT_TRUE(has_line(text, line)) << line;
    }
    for (const auto* name :
         {"sipsteer_messages_forwarded_total", "sipsteer_messages_answered_total",
          "sipsteer_messages_absorbed_total", "sipsteer_keepalives_total",
          "sipsteer_responses_unverified_total", "sipsteer_record_routes_invalid_total",
          "sipsteer_call_table_entries", "sipsteer_pin_table_entries", "sipsteer_binding_table_entries",
          "sipsteer_key_persistent", "sipsteer_log_lines_lost_total", "process_start_time_seconds",
          "sipsteer_process_duration_seconds_count"}) {
        EXPECT_TRUE(has_line(text, std::string(name) + " 0")) << name;
    }
    EXPECT_TRUE(has_line(text, "sipsteer_build_info{version=\"" SIPSTEER_VERSION "\"} 1"));
}

TEST_F(MetricsTest, WorkersAreAddedUp) {
    a_.received[1][0].add(2);
    b_.received[1][0].add(40);
    a_.forwarded.add(1);
    b_.forwarded.add(12345678901);
    b_.dropped[static_cast<std::size_t>(DropReason::no_via)].add(3);
    a_.decisions[static_cast<std::size_t>(RouteReason::transfer_owner)].add(7);
    const auto text = page();
    EXPECT_TRUE(has_line(text, "sipsteer_messages_received_total{transport=\"tcp\",kind=\"request\"} 42"));
    EXPECT_TRUE(has_line(text, "sipsteer_messages_forwarded_total 12345678902"));
    EXPECT_TRUE(has_line(text, "sipsteer_messages_dropped_total{reason=\"no_via\"} 3"));
    EXPECT_TRUE(has_line(text, "sipsteer_decisions_total{reason=\"transfer_owner\"} 7"));
}

TEST_F(MetricsTest, MethodsClassesAndServers) {
    a_.requests[static_cast<std::size_t>(Method::register_)].add(2);
    b_.requests[static_cast<std::size_t>(Method::other)].add(3);
    a_.responses[3].add(4);
    a_.servers.of(7).answers[1].add(5);
    b_.servers.of(7).answers[1].add(6);
    b_.servers.of(7).invites.add(1);
    gauges_.servers = {{.name = "pbx-1", .id = 7}, {.name = "pbx-2", .id = 8}};
    gauges_.refers[static_cast<std::size_t>(ReferOwner::other_server)] = 9;
    gauges_.auth_refused = 10;
    const auto text = page();
    for (const auto* line :
         {"sipsteer_requests_total{method=\"REGISTER\"} 2", "sipsteer_requests_total{method=\"INVITE\"} 0",
          "sipsteer_requests_total{method=\"other\"} 3", "sipsteer_responses_total{class=\"4xx\"} 4",
          "sipsteer_server_responses_total{server=\"pbx-1\",class=\"2xx\"} 11",
          "sipsteer_server_responses_total{server=\"pbx-2\",class=\"6xx\"} 0",
          "sipsteer_server_invites_total{server=\"pbx-1\"} 1",
          "sipsteer_refers_total{owner=\"other_server\"} 9", "sipsteer_refers_total{owner=\"unknown\"} 0",
          "sipsteer_auth_refused_total 10"}) {
        EXPECT_TRUE(has_line(text, line)) << line;
    }
}

TEST_F(MetricsTest, BucketsAreCumulative) {
    a_.duration_bucket[0].add(5);
    b_.duration_bucket[0].add(1);
    b_.duration_bucket[3].add(2);
    a_.duration_bucket.back().add(1);
    a_.duration_sum_ns.add(1'500'000'000);
    b_.duration_sum_ns.add(500'000'000);
    const auto text = page();
    EXPECT_TRUE(has_line(text, "sipsteer_process_duration_seconds_bucket{le=\"1e-06\"} 6")) << text;
    EXPECT_TRUE(has_line(text, "sipsteer_process_duration_seconds_bucket{le=\"4e-06\"} 6"));
    EXPECT_TRUE(has_line(text, "sipsteer_process_duration_seconds_bucket{le=\"8e-06\"} 8"));
    EXPECT_TRUE(has_line(text, "sipsteer_process_duration_seconds_bucket{le=\"0.01\"} 8"));
    EXPECT_TRUE(has_line(text, "sipsteer_process_duration_seconds_bucket{le=\"+Inf\"} 9"));
    EXPECT_TRUE(has_line(text, "sipsteer_process_duration_seconds_count 9"));
    EXPECT_TRUE(has_line(text, "sipsteer_process_duration_seconds_sum 2"));
}

TEST_F(MetricsTest, Gauges) {
    gauges_.servers = {{.name = "pbx-1", .up = true, .probe_usable = true, .calls = 12},
                       {.name = "pbx\"2", .up = false, .probe_usable = false, .calls = 0}};
    gauges_.call_table_entries = 13;
    gauges_.pin_table_entries = 14;
    gauges_.binding_table_entries = 15;
    gauges_.key_persistent = true;
    gauges_.start_time_seconds = 1700000000.5;
    const auto text = page();
    EXPECT_TRUE(has_line(text, "sipsteer_server_up{server=\"pbx-1\"} 1"));
    EXPECT_TRUE(has_line(text, "sipsteer_server_up{server=\"pbx\\\"2\"} 0"));
    EXPECT_TRUE(has_line(text, "sipsteer_server_calls{server=\"pbx-1\"} 12"));
    EXPECT_TRUE(has_line(text, "sipsteer_server_probe_usable{server=\"pbx-1\"} 1"));
    EXPECT_TRUE(has_line(text, "sipsteer_server_probe_usable{server=\"pbx\\\"2\"} 0"));
    EXPECT_TRUE(has_line(text, "sipsteer_call_table_entries 13"));
    EXPECT_TRUE(has_line(text, "sipsteer_pin_table_entries 14"));
    EXPECT_TRUE(has_line(text, "sipsteer_binding_table_entries 15"));
    EXPECT_TRUE(has_line(text, "sipsteer_key_persistent 1"));
    EXPECT_TRUE(has_line(text, "process_start_time_seconds 1700000000.5"));
}

TEST_F(MetricsTest, EveryFamilyHasHelpAndTypeAndAProperName) {
    std::istringstream lines(page());
    std::set<std::string> helped;
    std::string line;
    std::size_t types = 0;
    while (std::getline(lines, line)) {
        std::istringstream words(line);
        std::string hash;
        std::string keyword;
        std::string name;
        std::string type;
        words >> hash >> keyword >> name >> type;
        if (hash != "#") continue;
        if (keyword == "HELP") {
            EXPECT_FALSE(type.empty()) << line;
            EXPECT_TRUE(helped.insert(name).second) << line;
        } else {
            ++types;
            EXPECT_EQ(keyword, "TYPE");
            EXPECT_TRUE(helped.contains(name)) << line;
            EXPECT_EQ(type == "counter", name.ends_with("_total")) << line;
        }
    }
    EXPECT_EQ(types, helped.size());
    EXPECT_EQ(types, 41U);
}

}  // namespace
}  // namespace sipsteer
