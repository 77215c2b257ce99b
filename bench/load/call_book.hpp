#pragma once

#include <vector>

#include "bench/load/call.hpp"

namespace sipsteer::load {

/// All calls that are going on. A number is never used twice.
class CallBook {
  public:
    /// `run` makes Call-IDs differ from those of other runs.
    CallBook(std::size_t capacity, std::uint32_t run);

    /// A fresh call, or nullptr when `capacity` calls are going on.
    [[nodiscard]] Call* begin() noexcept;
    /// The call of that number, or nullptr: over, or never there.
    [[nodiscard]] Call* find(CallNumber number) noexcept;
    void end(Call& call) noexcept;

    /// When to look at the call again, kept apart so that looking at all is cheap.
    [[nodiscard]] Time& due(const Call& call) noexcept { return due_[slot_of(call)]; }
    /// Calls `look(call)` for each that is due.
    template <class Look>
    void each_due(Time now, Look look) {
        for (std::size_t slot = 0; slot < used_; ++slot) {
            if (due_[slot] != 0 && due_[slot] <= now) look(calls_[slot]);
        }
    }

    [[nodiscard]] std::size_t active() const noexcept { return active_; }
    [[nodiscard]] std::uint32_t run() const noexcept { return run_; }

  private:
    [[nodiscard]] std::size_t slot_of(const Call& call) const noexcept {
        return static_cast<std::size_t>(&call - calls_.data());
    }

    std::uint32_t run_;
    std::vector<Call> calls_;
    std::vector<Time> due_;  // 0: free
    std::vector<std::uint32_t> free_;
    std::size_t used_ = 0;  // slots that were ever taken are below it
    std::uint64_t turn_ = 1;
    std::size_t active_ = 0;
};

}  // namespace sipsteer::load
