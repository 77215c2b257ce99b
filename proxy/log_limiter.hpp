#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace sipsteer {

/// Lets at most so many lines of one event through in each second. Thread-safe; has no clock of its own.
class LogLimiter {
  public:
    using TimePoint = std::chrono::steady_clock::time_point;

    struct Verdict {
        bool write = false;
        std::uint64_t suppressed = 0;  ///< lines of this event left out since the last one written
    };

    /// `event` must come from a closed set; behind kMaxEvents of them all others share one budget.
    Verdict admit(std::string_view event, TimePoint now, std::uint32_t per_second);

    static constexpr std::size_t kMaxEvents = 256;

  private:
    struct Window {
        TimePoint start{};
        std::uint32_t written = 0;
        std::uint64_t suppressed = 0;
    };

    std::mutex mutex_;
    std::map<std::string, Window, std::less<>> windows_;
};

}  // namespace sipsteer
