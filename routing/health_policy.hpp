#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "routing/time_units.hpp"

namespace sipsteer {

/// How servers are checked (contract: `[health]`).
struct HealthPolicy {
    Milliseconds interval{0};  ///< 0: no checks, every server counts as up
    std::uint32_t fail_after = 2;
    std::uint32_t rise_after = 1;
    std::vector<std::uint16_t> up_codes;  ///< empty: any final answer but 408 and 503

    [[nodiscard]] bool on() const noexcept { return interval.count() > 0; }

    /// A server that gives this final answer to a check is alive.
    [[nodiscard]] bool alive(std::uint16_t status) const noexcept {
        if (up_codes.empty()) return status != 408 && status != 503;
        return std::ranges::find(up_codes, status) != up_codes.end();
    }
};

}  // namespace sipsteer
