#include "bench/load/tally.hpp"

namespace sipsteer::load {

Counts Counts::operator-(const Counts& other) const noexcept {
    return {messages - other.messages,
            bytes - other.bytes,
            begun - other.begun,
            completed - other.completed,
            lost - other.lost,
            transfers - other.transfers,
            invites_again - other.invites_again,
            oks_again - other.oks_again,
            byes_again - other.byes_again,
            late - other.late,
            reordered - other.reordered,
            options - other.options,
            not_begun - other.not_begun};
}

}  // namespace sipsteer::load
