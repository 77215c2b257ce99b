#pragma once

#include <cstdint>

namespace sipsteer {

/// A full avalanche (the finaliser of SplitMix64, public constants). Unkeyed: for what is a keyed hash
/// already.
[[nodiscard]] constexpr std::uint64_t scramble(std::uint64_t value) noexcept {
    value ^= value >> 30;
    value *= 0xbf58476d1ce4e5b9ULL;
    value ^= value >> 27;
    value *= 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

}  // namespace sipsteer
