#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "parser/message_view.hpp"
#include "routing/decision.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// Counts placements for `round-robin`; one for all workers.
using PlacementTurn = std::atomic<std::uint32_t>;

/// The key that a request is placed by (contract: routing.affinity), as a keyed hash. REGISTER,
/// SUBSCRIBE and PUBLISH go by user whatever the affinity is; no or an anonymous user means Call-ID.
/// `call`: of its Call-ID; `uri`: the parsed R-URI.
[[nodiscard]] std::uint64_t affinity_key(const Snapshot& snapshot, const MessageView& request,
                                         const CallDigest& call, const SipUri& uri,
                                         const Source& source) noexcept;

/// The group for a new call: the first `[[route]]` that holds, else group 0 ("default").
[[nodiscard]] std::uint16_t group_for(const Snapshot& snapshot, const SipUri& uri,
                                      const Source& source) noexcept;

/// The server that the key hashes to over all configured servers, whatever their state; so it moves
/// only when the configuration does. None: the group has no server. `exclude` is left out.
[[nodiscard]] std::optional<ServerIndex> home_of(const Snapshot& snapshot, std::uint64_t key,
                                                 std::uint16_t group,
                                                 std::optional<ServerIndex> exclude) noexcept;

/// How busy the servers are: calls that they own, and INVITEs that they have not answered yet, so that a
/// burst is spread as well. Workers that place at the same moment see each other's a little late.
struct ServerLoads {
    const CallTable& calls;
    const PinTable& pins;
    Seconds now = 0;

    [[nodiscard]] std::int64_t of(ServerId server) const noexcept {
        return calls.counts().of(server) + pins.setups().of(server);
    }
};

/// It takes new calls and has room for one more (`max_calls`).
[[nodiscard]] bool takes_another_call(const MediaServer& server, const ServerLoads& loads) noexcept;

/// A request to be placed.
struct PlacementRequest {
    std::uint64_t key = 0;  ///< affinity_key()
    std::uint16_t group = 0;
    std::optional<ServerIndex> exclude;
    /// A pin will remember where it went, as it does for INVITEs. Anything else must find its server again
    /// by the hash alone: the policy's method, `max_calls` and slow start do not concern it.
    bool pinned = false;
};

/// The server that takes a new call: home when it takes new calls, else the best that does; a backup only
/// when no other does. A server that comes back slowly takes only its share of the keys, unless no other
/// takes them; likewise one that has asked for a pause (PinTable::pauses), unless more than half of the
/// group has. None: no server of the group takes new calls.
[[nodiscard]] std::optional<ServerIndex> place(const Snapshot& snapshot, const PlacementRequest& request,
                                               const ServerLoads& loads, PlacementTurn& turn) noexcept;

}  // namespace sipsteer
