#pragma once

#include <chrono>

namespace sipsteer {

/// Time from any fixed start, by a clock that never jumps: for what waits.
using Milliseconds = std::chrono::milliseconds;
using Microseconds = std::chrono::microseconds;

}  // namespace sipsteer
