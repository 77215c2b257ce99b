#pragma once

#include <cstdint>

namespace sipsteer {

/// Names one stream connection: never 0, never used again, also not by the next process, so that what an
/// earlier one signed leads to nobody else's connection. Which worker holds it is the registry's to know.
using ConnectionId = std::uint64_t;
inline constexpr ConnectionId kNoConnection = 0;

}  // namespace sipsteer
