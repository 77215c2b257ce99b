#include "proxy/config_schema.hpp"

#include <array>
#include <type_traits>
#include <utility>

namespace sipsteer {
namespace {

using Words = std::string_view;
constexpr std::array<Words, 5> kTransports{"udp", "tcp", "tls", "ws", "wss"};
constexpr std::array<Words, 3> kSides{"both", "outside", "servers"};
constexpr std::array<Words, 3> kVerifyClient{"none", "optional", "required"};
constexpr std::array<Words, 2> kSips{"strict", "terminate"};
constexpr std::array<Words, 3> kServerStates{"ready", "drain", "maint"};
constexpr std::array<Words, 3> kPlacements{"hash", "round-robin", "least-calls"};
constexpr std::array<Words, 4> kUnmatched{"fallback", "reject", "forward", "strip"};
constexpr std::array<Words, 2> kOwnerDown{"reject", "fallback"};
constexpr std::array<Words, 2> kRinging{"forward", "wait"};
constexpr std::array<Words, 2> kExpansions{"off", "srv"};
constexpr std::array<Words, 3> kServerOrigins{"config", "dispatcher", "dns"};
constexpr std::array<Words, 2> kSegments{"auto", "off"};
constexpr std::array<Words, 3> kNatPaths{"auto", "always", "off"};
constexpr std::array<Words, 2> kLogFormats{"text", "json"};
constexpr std::array<Words, 6> kLogLevels{"trace", "debug", "info", "warning", "error", "off"};

template <class Section>
Section& target(Section& section) {
    return section;
}
template <class Section>
Section& target(std::vector<Section>& list) {
    return list.back();
}

/// Stores a value whose type and range are checked already.
template <auto SectionMember, auto Member>
void store(Config& config, const ConfigValue& value) {
    auto& field = target(config.*SectionMember).*Member;
    using Field = std::remove_reference_t<decltype(field)>;
    if constexpr (std::is_enum_v<Field> || (std::is_integral_v<Field> && !std::is_same_v<Field, bool>)) {
        field = static_cast<Field>(std::get<std::int64_t>(value));
    } else {
        field = std::get<Field>(value);
    }
}

template <auto SectionMember>
void append(Config& config) {
    (config.*SectionMember).emplace_back();
}

using C = Config;
using enum ValueType;

constexpr auto kSections = std::to_array<SectionSpec>({
    {"process", "The process itself."},
    {"listen", "Where to listen. Addresses are IP:PORT, IPv6 in brackets."},
    {"listener", "A listener with its own advertised address or side, instead of or beside the short lists.",
     append<&C::listener_entries>},
    {"tls",
     "Certificates and policy of tls and wss listeners. Connections keep the certificates that they began "
     "with."},
    {"tls.certificates", "A further certificate, chosen by SNI.", append<&C::tls_certificates>},
    {"server", "A media server. As many as needed.", append<&C::servers>},
    {"dispatcher", "Further servers, from a list of Kamailio's dispatcher module."},
    {"routing", "How new calls are placed."},
    {"route", "Which group takes a new call: first match wins; none matches: group \"default\".",
     append<&C::routes>},
    {"transfer", "What happens to an INVITE with Replaces (RFC 3891), Join or Target-Dialog."},
    {"health", "Health checks by OPTIONS."},
    {"nat", "Phones behind NAT."},
    {"calls", "The table of calls and their owners."},
    {"store", "A store shared by several proxies."},
    {"cluster", "Several proxies behind one address."},
    {"limits", "Bounds."},
    {"hep", "Copies of all messages to Homer (HEPv3)."},
    {"log", "Logs, on stderr."},
});

// One block a key; the formatter would make it one line a field.
// clang-format off
constexpr auto kKeys = std::to_array<KeySpec>({
    {.section = "process", .name = "workers", .type = integer, .unit = "threads",
     .initial_text = "one per core", .sample = "1", .help = "Worker threads, each with its own sockets.",
     .min = 1, .max = 256, .store = store<&C::process, &C::Process::workers>},
    {.section = "process", .name = "admin_socket", .unit = "path",
     .initial_text = "admin.sock in $RUNTIME_DIRECTORY, else in /run/sipsteer, else in $XDG_RUNTIME_DIR",
     .sample = R"("/run/sipsteer/admin.sock")", .help = "Unix socket of sipsteerctl; \"\": off.",
     .store = store<&C::process, &C::Process::admin_socket>},
    {.section = "process", .name = "table_file", .unit = "path", .initial = R"("")",
     .help = "The tables live in this mapped file; empty: in memory only.",
     .store = store<&C::process, &C::Process::table_file>},
    {.section = "process", .name = "key_file", .unit = "path", .initial = R"("")",
     .help = "Cluster key, equal on all proxies; empty: made once (0600) beside table_file, else in "
     "$STATE_DIRECTORY, else in /var/lib/sipsteer; none writable: random, with a warning.",
     .store = store<&C::process, &C::Process::key_file>},
    {.section = "process", .name = "segment", .type = word, .initial = R"("auto")",
     .help = "\"auto\": UDP messages of a round for one destination leave in one send, the shorter ones padded by "
     "blanks inside a header; \"off\": each by itself.", .reloads = true, .words = kSegments,
     .store = store<&C::process, &C::Process::segment>},
    {.section = "process", .name = "drain", .type = duration, .unit = "ms|s|m|h", .initial = R"("30s")",
     .help = "How long streams may finish at the end; 0: not at all.",
     .max = kMaxDuration.count(), .store = store<&C::process, &C::Process::drain>},

    {.section = "listen", .name = "udp", .type = text_list, .unit = "IP:PORT", .initial = "[]",
     .sample = R"(["127.0.0.1:5060"])", .help = "UDP addresses.",
     .store = store<&C::listen, &C::Listen::udp>},
    {.section = "listen", .name = "tcp", .type = text_list, .unit = "IP:PORT", .initial = "[]",
     .sample = R"(["127.0.0.1:5060"])", .help = "TCP addresses.",
     .store = store<&C::listen, &C::Listen::tcp>},
    {.section = "listen", .name = "tls", .type = text_list, .unit = "IP:PORT", .initial = "[]",
     .sample = R"(["127.0.0.1:5061"])", .help = "TLS addresses; needs [tls] certificate.",
     .store = store<&C::listen, &C::Listen::tls>},
    {.section = "listen", .name = "ws", .type = text_list, .unit = "IP:PORT", .initial = "[]",
     .help = "WebSocket addresses (RFC 7118).",
     .store = store<&C::listen, &C::Listen::ws>},
    {.section = "listen", .name = "wss", .type = text_list, .unit = "IP:PORT", .initial = "[]",
     .help = "WebSocket addresses over TLS; needs [tls] certificate.",
     .store = store<&C::listen, &C::Listen::wss>},
    {.section = "listen", .name = "advertise", .unit = "HOST[:PORT]", .initial = R"("")",
     .initial_text = "the listener's own address", .sample = R"("203.0.113.10")",
     .help = "What Via and Record-Route show, for the listeners of this section.",
     .store = store<&C::listen, &C::Listen::advertise>},
    {.section = "listen", .name = "aliases", .type = text_list, .unit = "HOST[:PORT]", .initial = "[]",
     .help = "Further names and addresses that are us, in Route and R-URI.", .reloads = true,
     .store = store<&C::listen, &C::Listen::aliases>},
    {.section = "listen", .name = "http", .unit = "IP:PORT", .initial = R"("127.0.0.1:8060")",
     .help = "/metrics, /live, /ready, /api/v1/... and the status page at /; \"\": off.",
     .store = store<&C::listen, &C::Listen::http>},
    {.section = "listen", .name = "dscp", .type = integer, .unit = "code point", .initial = "0",
     .help = "DSCP of what we send.", .max = 63, .store = store<&C::listen, &C::Listen::dscp>},

    {.section = "listener", .name = "bind", .unit = "[TRANSPORT:]IP:PORT", .initial_text = "required",
     .sample = R"("udp:10.0.0.5:5060")", .help = "Where to listen; without a transport: udp.",
     .store = store<&C::listener_entries, &C::ListenerEntry::bind>},
    {.section = "listener", .name = "advertise", .unit = "HOST[:PORT]", .initial = R"("")",
     .initial_text = "the listener's own address",
     .help = "What Via and Record-Route show for this listener.",
     .store = store<&C::listener_entries, &C::ListenerEntry::advertise>},
    {.section = "listener", .name = "side", .type = word, .initial = R"("both")", .help =
     "Who is there. The sending listener is chosen by side, transport and address family; \"servers\" "
     "takes only servers, \"outside\" never trusts an address.", .words = kSides,
     .store = store<&C::listener_entries, &C::ListenerEntry::side>},

    {.section = "tls", .name = "certificate", .unit = "path", .initial = R"("")", .sample = R"("cert.pem")",
     .help = "Certificate chain, PEM.", .reloads = true, .store = store<&C::tls, &C::Tls::certificate>},
    {.section = "tls", .name = "private_key", .unit = "path", .initial = R"("")", .sample = R"("key.pem")",
     .help = "Private key, PEM.", .reloads = true, .store = store<&C::tls, &C::Tls::private_key>},
    {.section = "tls", .name = "ca", .unit = "path", .initial = R"("")", .sample = R"("ca.pem")",
     .help = "Certificates that client and server certificates are checked with, PEM.", .reloads = true,
     .store = store<&C::tls, &C::Tls::ca>},
    {.section = "tls", .name = "verify_client", .type = word, .initial = R"("none")",
     .help = "Whether clients must show a certificate.", .reloads = true, .words = kVerifyClient,
     .store = store<&C::tls, &C::Tls::verify_client>},
    {.section = "tls", .name = "sips", .type = word, .initial = R"("strict")",
     .help = "\"terminate\": we are the TLS edge, servers by their own transport.", .reloads = true,
     .words = kSips, .store = store<&C::tls, &C::Tls::sips>},
    {.section = "tls.certificates", .name = "certificate", .unit = "path", .initial = R"("")",
     .help = "Certificate chain, PEM.", .reloads = true,
     .store = store<&C::tls_certificates, &C::Certificate::certificate>},
    {.section = "tls.certificates", .name = "private_key", .unit = "path", .initial = R"("")",
     .help = "Private key, PEM.", .reloads = true,
     .store = store<&C::tls_certificates, &C::Certificate::private_key>},

    {.section = "server", .name = "name", .initial_text = "required", .sample = R"("pbx-1")",
     .help = "Name in logs, metrics and commands: letters, digits, - _ and dots.", .reloads = true,
     .store = store<&C::servers, &C::Server::name>},
    {.section = "server", .name = "uri", .unit = "SIP URI", .initial_text = "required",
     .sample = R"("sip:127.0.1.1:5060")",
     .help = "Where it is; ;transport=tcp|tls; a name is resolved by RFC 3263.", .reloads = true,
     .store = store<&C::servers, &C::Server::uri>},
    {.section = "server", .name = "weight", .type = integer, .initial = "1",
     .help = "Share of new calls; 0: none.", .reloads = true, .max = 1000000,
     .store = store<&C::servers, &C::Server::weight>},
    {.section = "server", .name = "state", .type = word, .initial = R"("ready")",
     .help = "\"drain\": no new calls, everything owned goes on; \"maint\": transfers by owner_down as well.",
     .reloads = true, .words = kServerStates, .store = store<&C::servers, &C::Server::state>},
    {.section = "server", .name = "sources", .type = text_list, .unit = "CIDR[:PORT]", .initial = "[]",
     .help = "Further addresses that this server sends from.", .reloads = true,
     .store = store<&C::servers, &C::Server::sources>},
    {.section = "server", .name = "group", .initial = R"("default")", .help = "Group that [[route]] picks.",
     .reloads = true, .store = store<&C::servers, &C::Server::group>},
    {.section = "server", .name = "backup", .type = boolean, .initial = "false",
     .help = "Takes new calls only when no other server of its group does.", .reloads = true,
     .store = store<&C::servers, &C::Server::backup>},
    {.section = "server", .name = "max_calls", .type = integer, .unit = "calls", .initial = "0",
     .help = "Most calls at a time; 0: no limit.", .reloads = true,
     .store = store<&C::servers, &C::Server::max_calls>},
    {.section = "server", .name = "expand", .type = word, .initial = R"("off")",
     .help = "\"srv\": the uri is a name whose SRV records say which servers there are; each target is one by itself, "
     "named by its host, with the weight of its record, and a backup where another has a lower priority value.",
     .reloads = true, .words = kExpansions, .store = store<&C::servers, &C::Server::expand>},

    {.section = "dispatcher", .name = "list", .unit = "path", .initial = R"("")",
     .help = "The file; it is watched, and a change is a reload. Give each destination a duid: it is the "
     "server's name.", .reloads = true, .store = store<&C::dispatcher, &C::Dispatcher::list>},
    {.section = "dispatcher", .name = "set", .type = integer, .initial = "0",
     .help = "Only this set, as group \"default\"; 0: all, each as group \"set-N\" where there are several.",
     .reloads = true, .max = 0x7fffffff, .store = store<&C::dispatcher, &C::Dispatcher::set>},

    {.section = "routing", .name = "affinity", .unit = "call-id | user | header:NAME",
     .initial = R"("call-id")", .help = "What keeps calls together on one server.", .reloads = true,
     .store = store<&C::routing, &C::Routing::affinity>},
    {.section = "routing", .name = "placement", .type = word, .initial = R"("hash")",
     .help = "How a server is chosen for a new call.", .reloads = true, .words = kPlacements,
     .store = store<&C::routing, &C::Routing::placement>},
    {.section = "routing", .name = "record_route", .type = boolean, .initial = "true", .help =
     "Stay on the way of in-dialog requests; false is refused with stream listeners, least-calls or nat.",
     .reloads = true, .store = store<&C::routing, &C::Routing::record_route>},
    {.section = "routing", .name = "domains", .type = text_list, .unit = "host", .initial = "[]",
     .help = "Hosts that are ours in a Route, and in a R-URI from a server; from outside every host is.",
     .reloads = true,
     .store = store<&C::routing, &C::Routing::domains>},
    {.section = "routing", .name = "source_header", .unit = "header name", .initial = R"("")",
     .help = "Header that tells the servers the source address; copies from outside are removed.",
     .reloads = true, .store = store<&C::routing, &C::Routing::source_header>},

    {.section = "route", .name = "group", .initial_text = "required", .sample = R"("default")",
     .help = "Group of servers that takes the call.", .reloads = true,
     .store = store<&C::routes, &C::Route::group>},
    {.section = "route", .name = "listener", .unit = "TRANSPORT:IP:PORT", .initial = R"("")",
     .help = "Only calls that came in on this listener.", .reloads = true,
     .store = store<&C::routes, &C::Route::listener>},
    {.section = "route", .name = "domain", .unit = "host", .initial = R"("")", .sample = R"("example.com")",
     .help = "Only calls with this host in the R-URI.", .reloads = true,
     .store = store<&C::routes, &C::Route::domain>},
    {.section = "route", .name = "source", .unit = "CIDR[:PORT]", .initial = R"("")",
     .sample = R"("192.0.2.0/24")", .help = "Only calls from these addresses.", .reloads = true,
     .store = store<&C::routes, &C::Route::source>},
    {.section = "route", .name = "user_prefix", .initial = R"("")", .sample = R"("+49")",
     .help = "Only calls whose R-URI user starts so.", .reloads = true,
     .store = store<&C::routes, &C::Route::user_prefix>},

    {.section = "transfer", .name = "unmatched", .type = word, .initial = R"("fallback")", .help =
     "A transfer of a call that nobody knows: to the fallback; 481; as any new call; the same without "
     "Replaces.", .reloads = true, .words = kUnmatched,
     .store = store<&C::transfer, &C::Transfer::unmatched>},
    {.section = "transfer", .name = "fallback", .unit = "SIP URI, server or group", .initial = R"("")",
     .sample = R"("sip:replaces@127.0.1.1:5060")", .help =
     "Where unmatched transfers go; of a server's or group's name the R-URI user is kept. Empty: 481.",
     .reloads = true, .store = store<&C::transfer, &C::Transfer::fallback>},
    {.section = "transfer", .name = "fallback_strip_replaces", .type = boolean, .initial = "true",
     .help = "Remove Replaces on the way to the fallback; Asterisk answers 481 otherwise.", .reloads = true,
     .store = store<&C::transfer, &C::Transfer::fallback_strip_replaces>},
    {.section = "transfer", .name = "owner_down", .type = word, .initial = R"("reject")",
     .help = "A transfer whose owner is known but down.", .reloads = true, .words = kOwnerDown,
     .store = store<&C::transfer, &C::Transfer::owner_down>},
    {.section = "transfer", .name = "ringing", .type = word, .initial = R"("forward")",
     .help = "\"wait\": hold a transfer of a call that still rings until it is answered.", .reloads = true,
     .words = kRinging, .store = store<&C::transfer, &C::Transfer::ringing>},
    {.section = "transfer", .name = "rewrite_user", .unit = "R-URI user", .initial = R"("")", .help =
     "R-URI user of a matched transfer: Asterisk looks for the extension before it looks at Replaces.",
     .reloads = true, .store = store<&C::transfer, &C::Transfer::rewrite_user>},
    {.section = "transfer", .name = "rewrite_user_if_empty", .unit = "R-URI user", .initial = R"("")",
     .help = "The same, only where the R-URI has no user.", .reloads = true,
     .store = store<&C::transfer, &C::Transfer::rewrite_user_if_empty>},
    {.section = "transfer", .name = "allow_from", .type = text_list, .unit = "CIDR[:PORT] or \"servers\"",
     .initial = R"(["servers", "0.0.0.0/0", "::/0"])",
     .help = "Who may send Replaces, Join, Target-Dialog; others get 403.", .reloads = true,
     .store = store<&C::transfer, &C::Transfer::allow_from>},
    {.section = "transfer", .name = "probe", .type = boolean, .initial = "true",
     .help = "Ask the servers before the unmatched policy.", .reloads = true, .store = store<&C::transfer, &C::Transfer::probe>},
    {.section = "transfer", .name = "guess_home", .type = boolean, .initial = "false",
     .help = "Else try the server that the replaced Call-ID hashes to.", .reloads = true,
     .store = store<&C::transfer, &C::Transfer::guess_home>},

    {.section = "health", .name = "probe_interval", .type = duration, .unit = "ms|s|m|h",
     .initial = R"("2s")", .help = "Time between two OPTIONS; 0: off, all servers count as up.",
     .reloads = true, .max = kMaxDuration.count(),
     .store = store<&C::health, &C::Health::probe_interval>},
    {.section = "health", .name = "fail_after", .type = integer, .unit = "checks", .initial = "2",
     .help = "Failed checks in a row until a server is down.", .reloads = true, .min = 1,
     .max = 1000, .store = store<&C::health, &C::Health::fail_after>},
    {.section = "health", .name = "rise_after", .type = integer, .unit = "checks", .initial = "1",
     .help = "Good checks in a row until it is up again.", .reloads = true, .min = 1,
     .max = 1000, .store = store<&C::health, &C::Health::rise_after>},
    {.section = "health", .name = "up_codes", .type = status_codes, .unit = "SIP status codes",
     .initial = "[]", .initial_text = "any final answer but 408 and 503", .help = "Answers that mean alive.",
     .reloads = true, .store = store<&C::health, &C::Health::up_codes>},

    {.section = "nat", .name = "path", .type = word, .initial = R"("auto")",
     .help = "Add Path (RFC 3327) to REGISTER; \"auto\": when the phone supports or needs it.",
     .reloads = true, .words = kNatPaths,
     .store = store<&C::nat, &C::Nat::path>},

    {.section = "calls", .name = "max", .type = integer, .unit = "entries", .initial = "1000000",
     .help = "Entries of the call table; the oldest are evicted. About 110 bytes of memory for each, up to 7 million of "
             "them taken at the start.",
     .min = 1, .max = 100000000,
     .store = store<&C::calls, &C::Calls::max>},
    {.section = "calls", .name = "ttl", .type = duration, .unit = "ms|s|m|h", .initial = R"("4h")",
     .help = "How long a call without any sign of life is remembered, where no session timer says it; 0: until it ends or is "
             "evicted (at most a year). One whose end is lost then counts as a call of its server for as long.",
     .reloads = true, .max = kMaxDuration.count(), .store = store<&C::calls, &C::Calls::ttl>},

    {.section = "store", .name = "url", .unit = "URL", .initial = R"("")",
     .help = "redis://host:port/0, rediss://, redis+cluster://h1:p1,h2:p2 or redis+sentinel://...",
     .available = false, .secret = true, .store = store<&C::store, &C::Store::url>},
    {.section = "store", .name = "deadline", .type = duration, .unit = "ms|s|m|h", .initial = R"("30ms")",
     .help = "Longest wait for an answer; 0: as long as a request can be held, 500 ms.", .available = false,
     .max = kMaxDuration.count(),
     .store = store<&C::store, &C::Store::deadline>},

    {.section = "cluster", .name = "node", .initial = R"("")", .help = "Our own name in peers.",
     .available = false, .store = store<&C::cluster, &C::Cluster::node>},
    {.section = "cluster", .name = "peers", .type = text_list, .unit = "NAME=HOST:PORT", .initial = "[]",
     .help = "Every node's own address.", .available = false,
     .store = store<&C::cluster, &C::Cluster::peers>},

    {.section = "limits", .name = "message_bytes", .type = integer, .unit = "bytes", .initial = "65535",
     .help = "Longest message that is passed on; a connection keeps the bound that it began with.", .reloads = true,
     .min = 1024, .max = 65535,
     .store = store<&C::limits, &C::Limits::message_bytes>},
    {.section = "limits", .name = "headers", .type = integer, .unit = "header lines", .initial = "128",
     .help = "Most header lines of a message.", .reloads = true, .min = 8, .max = 254,
     .store = store<&C::limits, &C::Limits::headers>},
    {.section = "limits", .name = "connections", .type = integer, .unit = "connections", .initial = "50000",
     .help = "Most stream connections at a time.", .min = 1,
     .store = store<&C::limits, &C::Limits::connections>},
    {.section = "limits", .name = "rate_per_source", .type = integer, .unit = "requests per second",
     .initial = "0", .help = "From one address outside; 0: no limit.", .reloads = true, .store = store<&C::limits, &C::Limits::rate_per_source>},

    {.section = "hep", .name = "capture_address", .unit = "HOST:PORT", .initial = R"("")",
     .help = "Where copies go; empty: off.", .available = false,
     .store = store<&C::hep, &C::Hep::capture_address>},
    {.section = "hep", .name = "capture_id", .type = integer, .initial = "2001", .help = "Our id at Homer.",
     .available = false, .store = store<&C::hep, &C::Hep::capture_id>},
    {.section = "hep", .name = "capture_password", .initial = R"("")", .help = "Password at Homer.",
     .available = false, .secret = true, .store = store<&C::hep, &C::Hep::capture_password>},

    {.section = "log", .name = "format", .type = word, .initial = R"("text")",
     .help = "\"json\": one object a line.", .words = kLogFormats, .store = store<&C::log, &C::Log::format>},
    {.section = "log", .name = "level", .type = word, .initial = R"("info")",
     .help = "Least important level that is written.", .reloads = true, .words = kLogLevels,
     .store = store<&C::log, &C::Log::level>},
});
// clang-format on

}  // namespace

std::span<const SectionSpec> config_sections() noexcept { return kSections; }
std::span<const KeySpec> config_keys() noexcept { return kKeys; }

const SectionSpec* find_section(std::string_view name) noexcept {
    for (const auto& section : kSections) {
        if (section.name == name) return &section;
    }
    return nullptr;
}

const KeySpec* find_key(std::string_view section, std::string_view name) noexcept {
    for (const auto& key : kKeys) {
        if (key.section == section && key.name == name) return &key;
    }
    return nullptr;
}

std::span<const std::string_view> transport_words() noexcept { return kTransports; }

std::string_view to_string(Config::Transport transport) noexcept {
    return kTransports[static_cast<std::size_t>(transport)];
}

std::string_view to_string(Config::ServerState state) noexcept {
    return kServerStates[static_cast<std::size_t>(state)];
}

std::string_view to_string(ServerOrigin origin) noexcept {
    return kServerOrigins[static_cast<std::size_t>(origin)];
}

std::string_view to_string(ValueType type) noexcept {
    constexpr std::array<std::string_view, 7> kNames{"boolean", "integer",       "duration",     "text",
                                                     "word",    "list of texts", "list of codes"};
    return kNames[static_cast<std::size_t>(type)];
}

}  // namespace sipsteer
