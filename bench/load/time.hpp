#pragma once

#include <cstdint>
#include <ctime>

namespace sipsteer::load {

/// Nanoseconds of the monotonic clock.
using Time = std::int64_t;

inline constexpr Time kMicrosecond = 1'000;
inline constexpr Time kMillisecond = 1'000'000;
inline constexpr Time kSecond = 1'000'000'000;

[[nodiscard]] inline Time clock_now() noexcept {
    timespec now{};
    static_cast<void>(::clock_gettime(CLOCK_MONOTONIC, &now));
    return static_cast<Time>(now.tv_sec) * kSecond + now.tv_nsec;
}

}  // namespace sipsteer::load
