#pragma once

#include <cstddef>

namespace sipsteer {

/// Longest Call-ID, tag and branch that is accepted: real ones stay below 256, a torture test has 600.
inline constexpr std::size_t kMaxIdentifier = 1024;

}  // namespace sipsteer
