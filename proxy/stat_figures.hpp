#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "proxy/counters.hpp"

namespace sipsteer {

inline constexpr std::size_t kDurations = kDurationBuckets.size() + 1;

/// What all workers counted, as one set of numbers: totals (64 bits), or what a second added (32 bits).
template <class Number>
struct StatFigures {
    std::array<Number, static_cast<std::size_t>(MessageKind::kCount)> received{};
    Number forwarded{};
    Number answered{};
    Number absorbed{};
    std::array<Number, static_cast<std::size_t>(DropReason::kCount)> dropped{};
    std::array<Number, static_cast<std::size_t>(RouteReason::kCount)> decisions{};
    std::array<Number, kDurations> durations{};
};

template <class Number>
struct ServerFigures {
    ServerId id = kNoServer;
    Number received{};
    Number sent{};
    Number invites{};
    std::array<Number, kCodeClasses> answers{};
};

struct StatTotals {
    StatFigures<std::uint64_t> all;
    std::vector<ServerFigures<std::uint64_t>> servers;  ///< in the order asked for
};

/// Adds up the workers. Each counter is read once; messages in hand at that moment are received, and not
/// yet forwarded, answered, absorbed or dropped.
[[nodiscard]] StatTotals add_up(std::span<const Counters* const> workers, std::span<const ServerId> servers);

/// The value below which the share `quantile` of all observations lies, in seconds: linear within its
/// bucket, as histogram_quantile() of Prometheus does it. 0 without observations; what is above all bounds
/// counts as the highest one.
template <class Number>
[[nodiscard]] double quantile_of(const std::array<Number, kDurations>& buckets, double quantile) noexcept {
    double total = 0;
    for (const Number count : buckets) total += static_cast<double>(count);
    if (total == 0) return 0;
    const double rank = quantile * total;
    double below = 0;
    for (std::size_t i = 0; i < kDurationBuckets.size(); ++i) {
        const auto here = static_cast<double>(buckets[i]);
        if (here > 0 && below + here >= rank) {
            const double floor = i == 0 ? 0 : kDurationBuckets[i - 1];
            return floor + (kDurationBuckets[i] - floor) * (rank - below) / here;
        }
        below += here;
    }
    return kDurationBuckets.back();
}

}  // namespace sipsteer
