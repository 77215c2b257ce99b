#pragma once

#include <cstdint>

namespace sipsteer {

/// What the kernel knows of this process, for the process_* metrics.
struct ProcessStats {
    double cpu_seconds = 0;  ///< user and system
    std::uint64_t resident_bytes = 0;
    std::uint64_t virtual_bytes = 0;
    std::uint64_t open_fds = 0;
    std::uint64_t max_fds = 0;
};

/// Reads /proc; what cannot be read is 0.
[[nodiscard]] ProcessStats read_process_stats();

}  // namespace sipsteer
