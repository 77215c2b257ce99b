#pragma once

#include <cstdint>
#include <optional>

#include "routing/sharded_table.hpp"

namespace sipsteer {

/// From the seconds since boot of an earlier process, maybe before a boot, to those of now.
struct ClockShift {
    Seconds now = 0;
    std::int64_t shift = 0;  ///< added to what the earlier process wrote

    /// Nothing lives longer: what a table says about later times is damaged.
    static constexpr Seconds kLongest = 366 * 24 * 3600;

    /// When it expires by the clock of now. None: it has, or it never was a time.
    [[nodiscard]] std::optional<Seconds> expiry(Seconds before) const noexcept {
        const std::int64_t time = before + shift;
        if (time <= now || time > std::int64_t{now} + kLongest) return std::nullopt;
        return static_cast<Seconds>(time);
    }
};

}  // namespace sipsteer
