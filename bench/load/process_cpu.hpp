#pragma once

#include <cstdint>

namespace sipsteer::load {

/// What a process and all its descendants have used so far, from /proc/PID/stat. All zero when there is
/// no such process.
struct ProcessCpu {
    double user_seconds = 0;
    double system_seconds = 0;
    std::uint64_t resident_bytes = 0;  ///< pages shared by several processes count in each
    unsigned threads = 0;
    unsigned processes = 0;

    [[nodiscard]] static ProcessCpu read(int process);
    /// Times since `begin`; the rest as it is now.
    [[nodiscard]] ProcessCpu since(const ProcessCpu& begin) const noexcept;
};

}  // namespace sipsteer::load
