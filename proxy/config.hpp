#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "parser/ip_address.hpp"
#include "routing/endpoint.hpp"
#include "routing/media_server.hpp"

namespace sipsteer {

/// A value of one key as read. A word is its index in `KeySpec::words`.
using ConfigValue = std::variant<bool, std::int64_t, std::chrono::milliseconds, std::string,
                                 std::vector<std::string>, std::vector<std::uint16_t>>;

/// Everything that can be configured, as plain values. Fields named like a key hold what was written
/// or the default from the table in config_schema.cpp, the only place where a default stands; fields
/// marked "derived" are filled by the checks and are valid only when these found no error.
/// Copyable, immutable once loaded; enum values stand in the order of their words in the table.
struct Config {
    using Transport = sipsteer::Transport;
    using ServerState = sipsteer::ServerState;
    enum class Side : std::uint8_t { both, outside, servers };
    enum class VerifyClient : std::uint8_t { none, optional, required };
    enum class Sips : std::uint8_t { strict, terminate };
    enum class Affinity : std::uint8_t { call_id, user, header };
    enum class Placement : std::uint8_t { hash, round_robin, least_calls };
    enum class Unmatched : std::uint8_t { fallback, reject, forward, strip };
    enum class OwnerDown : std::uint8_t { reject, fallback };
    enum class Ringing : std::uint8_t { forward, wait };
    enum class FallbackKind : std::uint8_t { none, uri, server, group };
    enum class Expand : std::uint8_t { off, srv };
    enum class Segment : std::uint8_t { automatic, off };
    enum class NatPath : std::uint8_t { automatic, always, off };
    enum class LogFormat : std::uint8_t { text, json };
    enum class LogLevel : std::uint8_t { trace, debug, info, warning, error, off };

    using Milliseconds = std::chrono::milliseconds;

    /// `host[:port]`. An IPv6 host has no brackets. Port 0: none was written.
    struct HostPort {
        std::string host;
        std::uint16_t port = 0;
    };

    struct Process {
        std::uint32_t workers = 0;  ///< never 0 after loading
        std::string admin_socket;
        std::string table_file;
        std::string key_file;  ///< may name a file that is not there yet
        Segment segment = Segment::automatic;
        Milliseconds drain{};
    };

    struct Listen {
        std::vector<std::string> udp, tcp, tls, ws, wss;
        std::string advertise;
        std::vector<std::string> aliases;
        std::string http;
        std::uint8_t dscp = 0;
        std::vector<HostPort> alias_hosts;      ///< derived
        std::optional<IpAddress> http_address;  ///< derived; empty: off
        std::uint16_t http_port = 0;            ///< derived
    };

    /// One `[[listener]]` as written; see `listeners`.
    struct ListenerEntry {
        std::string bind;
        std::string advertise;
        Side side = Side::both;
    };

    /// A socket to open, from the short lists or a `[[listener]]`.
    struct Listener {
        std::string text;  ///< `transport:host:port`, what `[[route]] listener` names
        Transport transport = Transport::udp;
        IpAddress address;
        std::uint16_t port = 0;
        HostPort advertise;  ///< empty host: the listener's own address; port 0: its own port
        Side side = Side::both;
    };

    struct Tls {
        std::string certificate;
        std::string private_key;
        std::string ca;
        VerifyClient verify_client = VerifyClient::none;
        Sips sips = Sips::strict;
    };
    struct Certificate {
        std::string certificate;
        std::string private_key;
    };

    struct Server {
        std::string name;
        std::string uri;  ///< as written: the server's id is made from it
        std::uint32_t weight = 0;
        ServerState state = ServerState::ready;
        std::vector<std::string> sources;
        std::string group;
        bool backup = false;
        std::uint32_t max_calls = 0;
        Expand expand = Expand::off;                 ///< srv: stands for as many servers as DNS says
        ServerOrigin origin = ServerOrigin::config;  ///< derived
        Transport transport = Transport::udp;        ///< derived
        std::string host;                            ///< derived: name or IP, without brackets
        std::uint16_t port = 0;                      ///< derived; 0: none written
        std::vector<AddressRange> source_networks;   ///< derived
    };

    /// Servers from a list of Kamailio's dispatcher module, behind the `[[server]]`s.
    struct Dispatcher {
        std::string list;
        std::uint32_t set = 0;  ///< 0: all
    };

    struct Routing {
        std::string affinity;
        Placement placement = Placement::hash;
        bool record_route = false;
        std::vector<std::string> domains;
        std::string source_header;
        Affinity affinity_kind = Affinity::call_id;  ///< derived
        std::string affinity_header;                 ///< derived: NAME of `header:NAME`
    };

    struct Route {
        std::string group;
        std::string listener;
        std::string domain;
        std::string source;
        std::string user_prefix;
        std::optional<AddressRange> source_network;  ///< derived
        std::optional<std::size_t> listener_index;   ///< derived: into `listeners`
    };

    struct Transfer {
        Unmatched unmatched = Unmatched::fallback;
        std::string fallback;
        bool fallback_strip_replaces = false;
        OwnerDown owner_down = OwnerDown::reject;
        Ringing ringing = Ringing::forward;
        std::string rewrite_user;
        std::string rewrite_user_if_empty;
        std::vector<std::string> allow_from;
        bool probe = false;
        bool guess_home = false;
        FallbackKind fallback_kind = FallbackKind::none;  ///< derived
        Transport fallback_transport = Transport::udp;    ///< derived, of a URI
        HostPort fallback_host;                           ///< derived, of a URI
        bool allow_servers = false;                       ///< derived: "servers" is in allow_from
        std::vector<AddressRange> allow_networks;         ///< derived
    };

    struct Health {
        Milliseconds probe_interval{};
        std::uint32_t fail_after = 0;
        std::uint32_t rise_after = 0;
        std::vector<std::uint16_t> up_codes;  ///< empty: any but 408 and 503
    };
    struct Nat {
        NatPath path = NatPath::automatic;
    };
    struct Calls {
        std::uint32_t max = 0;
        Milliseconds ttl{};
    };
    struct Store {
        std::string url;
        Milliseconds deadline{};
    };
    struct Cluster {
        std::string node;
        std::vector<std::string> peers;
    };
    struct Limits {
        std::uint32_t message_bytes = 0;
        std::uint32_t headers = 0;
        std::uint32_t connections = 0;
        std::uint32_t rate_per_source = 0;
    };
    struct Hep {
        std::string capture_address;
        std::uint32_t capture_id = 0;
        std::string capture_password;
    };
    struct Log {
        LogFormat format = LogFormat::text;
        LogLevel level = LogLevel::info;
    };

    Process process;
    Listen listen;
    std::vector<ListenerEntry> listener_entries;
    std::vector<Listener> listeners;  ///< derived: all of them, short lists first
    Tls tls;
    std::vector<Certificate> tls_certificates;
    std::vector<Server> servers;
    Dispatcher dispatcher;
    Routing routing;
    std::vector<Route> routes;
    Transfer transfer;
    Health health;
    Nat nat;
    Calls calls;
    Store store;
    Cluster cluster;
    Limits limits;
    Hep hep;
    Log log;

    /// A place in the config file, from 1. Line 0: no file, the value came from the command line.
    struct Position {
        std::uint32_t line = 0;
        std::uint32_t column = 0;
    };

    std::string file;  ///< as given; "command line" when there is none
    /// Where each written value stands: `listen.http`, `listen.udp[0]`, `server[1].uri`, `server[1]`.
    std::map<std::string, Position, std::less<>> positions;
    /// The value of each key that is written, by the same paths: `transfer.unmatched`, `route[1].group`.
    std::map<std::string, ConfigValue, std::less<>> written;

    /// True when the key was written, false when its value is the default.
    [[nodiscard]] bool is_written(std::string_view path) const {
        return positions.find(path) != positions.end();
    }
};

}  // namespace sipsteer
