#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "routing/endpoint.hpp"

namespace sipsteer {

/// A server's name in signatures and tables: keyed 32-bit hash of its uri as written, never 0. So it
/// stays the same over restarts, reloads and on every proxy of the cluster.
using ServerId = std::uint32_t;
inline constexpr ServerId kNoServer = 0;

enum class ServerState : std::uint8_t { ready, drain, maint };

/// Where we have a server from: the configuration, the list of `dispatcher.list`, or SRV records.
enum class ServerOrigin : std::uint8_t { config, dispatcher, dns };

/// An address range; with a port other than 0 only that port (`sources` of a server, `allow_from`).
struct AddressRange {
    IpAddress network;
    std::uint8_t prefix_bits = 0;
    std::uint16_t port = 0;

    [[nodiscard]] bool contains(const IpAddress& address, std::uint16_t source_port) const noexcept;
};

/// Share of its new calls that a server takes while it comes back slowly, in parts of this.
inline constexpr std::uint16_t kFullShare = 256;

/// One media server: as configured and resolved, as operators have said, and as health checks found it.
struct MediaServer {
    std::string name;
    std::string uri;
    ServerId id = kNoServer;
    std::vector<Endpoint> endpoints;    ///< resolved; the first one is where requests go
    std::vector<AddressRange> sources;  ///< further addresses it sends from
    std::uint32_t weight = 1;
    std::uint32_t max_calls = 0;  ///< 0: no limit
    std::uint16_t group = 0;      ///< index into ServerSet's group names
    ServerState state = ServerState::ready;
    ServerOrigin origin = ServerOrigin::config;
    bool backup = false;
    bool placeable = true;  ///< false: the fallback destination, never placed on
    bool up = true;
    std::uint16_t share = kFullShare;  ///< of the new calls that placement gives it; home is not affected
    bool state_is_operators = false;   ///< said by sipsteerctl, not by the configuration
    bool leaving = false;  ///< no longer configured; kept for its calls and transactions (requirement 7)

    /// In-dialog requests, CANCEL and ACK are forwarded whatever this says. A server whose name does not
    /// resolve takes none.
    [[nodiscard]] bool takes_new_calls() const noexcept {
        return placeable && up && state == ServerState::ready && weight > 0 && !endpoints.empty();
    }
    /// A transfer may be brought to it: its calls are alive.
    [[nodiscard]] bool takes_transfers() const noexcept {
        return up && state != ServerState::maint && !endpoints.empty();
    }
    /// Up, and one that new calls are placed on. In maintenance nobody asks it, so nobody knows; without an
    /// address it cannot be reached.
    [[nodiscard]] bool is_known_up() const noexcept { return placeable && takes_transfers(); }
};

}  // namespace sipsteer
