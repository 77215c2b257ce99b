#pragma once

#include <atomic>
#include <cstdint>

namespace sipsteer {

/// A counter that one worker writes and any thread reads. An increment is a plain load and store:
/// no locked instruction on the packet path.
class Counter {
  public:
    void add(std::uint64_t n = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

}  // namespace sipsteer
