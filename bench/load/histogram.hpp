#pragma once

#include <cstdint>
#include <vector>

#include "bench/load/time.hpp"

namespace sipsteer::load {

/// Times in buckets whose width grows with the value: each is at most 1/64 of it (1.6 %), up to a minute.
/// What is longer counts as a minute.
class Histogram {
  public:
    Histogram();

    void add(Time value) noexcept;
    void clear() noexcept;

    [[nodiscard]] std::uint64_t count() const noexcept { return count_; }
    /// The value that `share` (0 to 1) of all do not exceed, in nanoseconds; 0 when empty.
    [[nodiscard]] Time percentile(double share) const noexcept;
    [[nodiscard]] Time max() const noexcept { return max_; }

  private:
    std::vector<std::uint32_t> buckets_;
    std::uint64_t count_ = 0;
    Time max_ = 0;
};

}  // namespace sipsteer::load
