#pragma once

#include <array>
#include <cstdint>

#include "routing/sharded_table.hpp"

namespace sipsteer {

/// A moment by the two clocks that matter to what outlives the process: seconds since boot, with which one,
/// and seconds since 1970, which go on over a boot but may jump.
struct BootTime {
    std::array<char, 36> boot{};  ///< the kernel's name for this boot; zeros when it tells none
    Seconds since_boot = 0;
    std::int64_t since_1970 = 0;

    [[nodiscard]] static BootTime now();
};

}  // namespace sipsteer
