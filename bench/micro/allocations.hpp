#pragma once

#include <cstdint>

namespace sipsteer::bench {

/// Calls of operator new so far, all threads.
[[nodiscard]] std::uint64_t allocations() noexcept;

}  // namespace sipsteer::bench
