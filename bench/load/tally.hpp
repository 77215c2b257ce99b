#pragma once

#include <cstdint>

#include "bench/load/histogram.hpp"

namespace sipsteer::load {

/// What is counted while it runs; the measured time is a difference of two.
struct Counts {
    std::uint64_t messages = 0;  ///< that came out of the middle
    std::uint64_t bytes = 0;     ///< of them
    std::uint64_t begun = 0;     ///< calls; a transfer is two
    std::uint64_t completed = 0;
    std::uint64_t lost = 0;       ///< calls that were given up
    std::uint64_t transfers = 0;  ///< that reached their owner and were completed
    std::uint64_t invites_again = 0, oks_again = 0, byes_again = 0;  ///< sent again
    std::uint64_t late = 0;       ///< messages of calls that are over: copies
    std::uint64_t reordered = 0;  ///< BYEs that came before their ACK
    std::uint64_t options = 0;    ///< the proxy's own questions to servers, answered
    std::uint64_t not_begun = 0;  ///< open loop: too many calls were going on

    [[nodiscard]] Counts operator-(const Counts& other) const noexcept;
};

struct Tally {
    Counts counts;
    Histogram one_way;  ///< from send to receive, each message that is no repetition
    Histogram set_up;   ///< from when the INVITE was due to the 200 at the phone
};

}  // namespace sipsteer::load
