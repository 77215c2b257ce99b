#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "parser/message_view.hpp"
#include "parser/sip_uri.hpp"
#include "routing/health_policy.hpp"
#include "routing/keyed_hash.hpp"
#include "routing/local_addresses.hpp"
#include "routing/server_set.hpp"
#include "routing/sharded_table.hpp"

namespace sipsteer {

enum class Affinity : std::uint8_t { call_id, user, header };
enum class PlacementMethod : std::uint8_t { hash, round_robin, least_calls };

enum class PathPolicy : std::uint8_t { automatic, always, off };

/// `[[route]]`: which group takes a new call. An empty condition holds for every call.
struct GroupRule {
    std::uint16_t group = 0;
    std::optional<ListenerIndex> listener;
    std::string domain;  ///< host of the R-URI
    std::optional<AddressRange> source;
    std::string user_prefix;  ///< of the R-URI's user
};

struct RoutingPolicy {
    Affinity affinity = Affinity::call_id;
    std::string affinity_header;
    PlacementMethod placement = PlacementMethod::hash;
    bool record_route = true;
    PathPolicy path = PathPolicy::automatic;  ///< for REGISTER from outside
    std::string source_header;                ///< empty: none
    std::vector<GroupRule> group_rules;       ///< first match wins; none: group 0
};

enum class Unmatched : std::uint8_t { fallback, reject, forward, strip };
enum class OwnerDown : std::uint8_t { reject, fallback };

/// Where an unmatched transfer goes: a URI of its own (then `server` is its place in the server set),
/// a configured server, or a group.
struct FallbackTarget {
    std::optional<ServerIndex> server;
    std::optional<std::uint16_t> group;
    std::string request_uri;  ///< replaces the R-URI; empty: kept
};

struct TransferPolicy {
    Unmatched unmatched = Unmatched::fallback;
    std::optional<FallbackTarget> fallback;
    bool fallback_strip_replaces = true;
    OwnerDown owner_down = OwnerDown::reject;
    std::string rewrite_user;
    std::string rewrite_user_if_empty;
    bool wait_while_ringing = false;  ///< hold back a transfer whose replaced call rings at a server
    bool probe = true;                ///< ask the servers before the unmatched policy
    bool ask_untried = false;  ///< no OPTIONS unasked for: a server is tried with the first question to it
    bool guess_home = false;   ///< else try the server that the replaced Call-ID hashes to
    bool allow_servers = true;
    std::vector<AddressRange> allow_from;
};

/// Everything that decisions depend on besides the message and the tables. Immutable; shared by all
/// workers and replaced as a whole, so that a message never sees half of a change.
struct Snapshot {
    ClusterKey key;
    ServerSet servers{};
    LocalAddresses local{};
    RoutingPolicy routing{};
    TransferPolicy transfer{};
    HealthPolicy health{};
    ParseLimits parse_limits{};
    std::uint32_t message_bytes = 65535;
    std::uint32_t rate_per_source = 0;  ///< requests a second from one address outside; 0: no limit
    bool terminate_sips = false;        ///< the servers' side may be without TLS
    Seconds call_ttl = 4 * 3600;
    bool ending = false;           ///< SIGTERM has come: streams finish
    bool segmented_sends = false;  ///< several messages of a round for one destination in one send

    /// The server that a URI names exactly, by address and port.
    [[nodiscard]] std::optional<ServerIndex> server_at(std::string_view host, std::uint16_t port,
                                                       Transport transport) const noexcept;
    [[nodiscard]] std::optional<ServerIndex> server_named(const SipUri& uri) const noexcept;

    /// The server that sends from there; over a stream by the address alone when the port says nothing.
    [[nodiscard]] std::optional<ServerIndex> server_behind(const Endpoint& peer) const noexcept {
        std::optional<ServerIndex> found;
        find_server_behind(peer, found);
        return found;
    }
    /// The same into `found`, which holds none.
    void find_server_behind(const Endpoint& peer, std::optional<ServerIndex>& found) const noexcept {
        servers.find_source(peer.address, peer.port, found);
        if (is_stream(peer.transport) && !found) {
            if (const auto server = servers.by_address(peer.address, peer.transport)) found = *server;
        }
    }

    /// Which of several servers with that address it is that sent a request by a stream: the one whose port
    /// its Via names. Somebody at another address gains nothing by it.
    [[nodiscard]] std::optional<ServerIndex> server_saying(const Endpoint& peer,
                                                           const ViaView& via) const noexcept {
        if (!is_stream(peer.transport)) return std::nullopt;
        return servers.by_endpoint(peer.address, via.port == 0 ? default_port(peer.transport) : via.port);
    }

    /// The URI names us; an exact server address wins over that. Our domains do not count here.
    [[nodiscard]] bool names_us(const SipUri& uri) const noexcept;
    /// The same, or one of our domains: in a Route, and in a R-URI from a server (from outside every host
    /// is).
    [[nodiscard]] bool is_ours(const SipUri& uri) const noexcept {
        return names_us(uri) || local.is_our_domain(uri.host);
    }
};

/// The host and port that a SIP URI leads to: maddr before host (RFC 3261 §19.1.1).
struct UriTarget {
    std::string_view host;
    std::uint16_t port = 0;  ///< 0: none written
    Transport transport = Transport::udp;
};
[[nodiscard]] UriTarget uri_target(const SipUri& uri) noexcept;

}  // namespace sipsteer
