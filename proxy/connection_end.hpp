#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sipsteer {

/// Why a stream connection ended, or was never taken: label values of `sipsteer_connections_closed_total`.
enum class ConnectionEnd : std::uint8_t {
    peer,         ///< closed by the other end
    error,        ///< reset, or given up by the kernel: the other end vanished
    unreachable,  ///< we could not connect
    handshake,    ///< TLS or WebSocket: refused or not done in time
    broken,       ///< where the next message begins could not be known, or it was no SIP
    partial,      ///< a message that did not become whole in time
    idle,         ///< nothing was said for too long
    slow,         ///< the other end did not read what waited for it
    memory,       ///< unfinished messages of all connections hold too much
    full,         ///< refused: limits.connections
    source_full,  ///< refused: too many from one address
    drain,        ///< we are ending
    kCount
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(ConnectionEnd::kCount)>
    kConnectionEndWords{"peer", "error", "unreachable", "handshake", "broken",      "partial",
                        "idle", "slow",  "memory",      "full",      "source_full", "drain"};

}  // namespace sipsteer
