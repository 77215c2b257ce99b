#pragma once

#include <deque>
#include <optional>

#include "proxy/stat_figures.hpp"

namespace sipsteer {

/// What one second added.
struct StatSample {
    struct Server {
        ServerFigures<std::uint32_t> added;
        std::uint32_t calls = 0;  ///< at the end of the second
    };

    std::uint64_t sequence = 0;  ///< 1, 2, 3 ... since the start
    StatFigures<std::uint32_t> added;
    std::vector<Server> servers;
};

/// The last ten minutes, a sample for each second, for those who look without a Prometheus. Bounded: 600
/// samples with at most kServers servers each. No clock of its own; one thread.
class StatHistory {
  public:
    static constexpr std::size_t kSamples = 600;
    static constexpr std::size_t kServers = 64;

    /// Call it once a second. `calls`: of the servers in `totals`, in their order. The first call sets the
    /// ground and makes no sample.
    void add(StatTotals totals, std::span<const std::uint64_t> calls);

    [[nodiscard]] const std::deque<StatSample>& samples() const noexcept { return samples_; }
    /// The sequence number of the newest sample, 0 before the first.
    [[nodiscard]] std::uint64_t sequence() const noexcept { return sequence_; }
    /// As of the last add().
    [[nodiscard]] const StatTotals& totals() const noexcept { return last_; }

  private:
    std::deque<StatSample> samples_;
    StatTotals last_;
    std::uint64_t sequence_ = 0;
    bool begun_ = false;
};

}  // namespace sipsteer
