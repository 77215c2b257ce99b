#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "proxy/counters.hpp"
#include "proxy/process_stats.hpp"
#include "proxy/transfer_stories.hpp"

namespace sipsteer {

struct ServerGauges {
    std::string name;
    ServerId id = kNoServer;
    bool up = false;
    bool probe_usable = false;  ///< its answers to owner probes can be believed
    std::uint64_t calls = 0;    ///< dialogs early or confirmed, without grace
    double rtt_seconds = 0;     ///< of health checks, smoothed; 0: not known
};

/// What is not counted by workers, as it is at the time of the scrape.
struct Gauges {
    std::vector<ServerGauges> servers;
    std::uint64_t call_table_entries = 0;
    std::uint64_t pin_table_entries = 0;
    std::uint64_t binding_table_entries = 0;
    bool key_persistent = false;
    double start_time_seconds = 0;  ///< since 1970
    std::uint64_t log_lines_lost = 0;
    std::uint64_t call_table_capacity = 0;
    std::uint64_t pin_table_capacity = 0;
    std::uint64_t call_table_evictions = 0;  ///< records thrown out because the table was full
    std::uint64_t pin_table_evictions = 0;
    std::array<std::uint64_t, kReferOwnerWords.size()> refers{};
    std::uint64_t auth_refused = 0;
    ProcessStats process;
};

/// The page of /metrics: Prometheus text format, version 0.0.4. The workers' counters are added up;
/// every value of a closed set is there, with 0.
[[nodiscard]] std::string render_metrics(std::span<const Counters* const> workers, const Gauges& gauges);

/// Content-Type of that page.
inline constexpr const char* kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

}  // namespace sipsteer
