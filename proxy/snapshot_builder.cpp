#include "proxy/snapshot_builder.hpp"

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <cstring>
#include <optional>

#include "proxy/config_schema.hpp"
#include "proxy/config_values.hpp"
#include "proxy/socket_address.hpp"
#include "proxy/srv_servers.hpp"

namespace sipsteer {
namespace {

namespace asio = boost::asio;

template <class To, class From>
To same_word(From value) noexcept {
    return static_cast<To>(value);
}
static_assert(static_cast<int>(Config::Affinity::header) == static_cast<int>(Affinity::header));
static_assert(static_cast<int>(Config::Placement::least_calls) ==
              static_cast<int>(PlacementMethod::least_calls));
static_assert(static_cast<int>(Config::Unmatched::strip) == static_cast<int>(Unmatched::strip));
static_assert(static_cast<int>(Config::OwnerDown::fallback) == static_cast<int>(OwnerDown::fallback));
static_assert(static_cast<int>(Config::NatPath::off) == static_cast<int>(PathPolicy::off));
static_assert(static_cast<int>(Config::Side::servers) == static_cast<int>(ListenerSide::servers));

std::string uri_host(const std::string& host) {
    return host.find(':') != std::string::npos && host.front() != '[' ? "[" + host + "]" : host;
}

Endpoint from_asio(const asio::ip::udp::endpoint& endpoint, Transport transport) {
    sockaddr_storage storage{};
    std::memcpy(&storage, endpoint.data(), endpoint.size());
    return to_endpoint(storage, transport);
}

class Builder {
  public:
    Builder(const Config& config, const ClusterKey& key, const HostAddresses& known)
        : config_(config), known_(known), snapshot_{.key = key} {}

    BuiltSnapshot build() {
        add_servers();
        set_local();
        set_routing();
        set_transfer();
        snapshot_.health = {config_.health.probe_interval, config_.health.fail_after,
                            config_.health.rise_after, config_.health.up_codes};
        snapshot_.parse_limits.headers = config_.limits.headers;
        snapshot_.message_bytes = config_.limits.message_bytes;
        snapshot_.segmented_sends = config_.process.segment == Config::Segment::automatic;
        snapshot_.terminate_sips = config_.tls.sips == Config::Sips::terminate;
        snapshot_.rate_per_source = config_.limits.rate_per_source;
        const auto call_ttl = config_.calls.ttl.count() == 0 ? kMaxDuration : config_.calls.ttl;
        snapshot_.call_ttl = static_cast<Seconds>(std::chrono::ceil<std::chrono::seconds>(call_ttl).count());
        return {std::make_shared<const Snapshot>(std::move(snapshot_)), std::move(remarks_)};
    }

  private:
    const std::vector<HostTarget>& targets(const HostName& name) const {
        static const std::vector<HostTarget> kNone;
        const auto found = known_.find(name);
        return found == known_.end() ? kNone : found->second;
    }

    std::vector<Endpoint> resolve(const HostName& name) {
        const std::uint16_t port = name.port == 0 ? default_port(name.transport) : name.port;
        if (const auto address = parse_ip(name.host)) return {{*address, port, name.transport}};
        std::vector<Endpoint> endpoints = endpoints_of(targets(name));
        if (endpoints.empty()) {
            remarks_.push_back(name.host +
                               " does not resolve yet: it is asked for again, and its server has no address");
        }
        return endpoints;
    }

    std::uint16_t group(const std::string& name) {
        const auto found = std::ranges::find(groups_, name);
        if (found != groups_.end()) return static_cast<std::uint16_t>(found - groups_.begin());
        groups_.push_back(name);
        return static_cast<std::uint16_t>(groups_.size() - 1);
    }

    void add_servers() {
        std::vector<MediaServer> servers;
        for (const Config::Server& entry : config_.servers) {
            if (entry.expand == Config::Expand::off)
                servers.push_back(make_server(entry, resolve(host_name(entry))));
        }
        for (const Config::Server& entry : config_.servers) {
            if (entry.expand == Config::Expand::srv) add_targets(entry, servers);
        }
        add_fallback(servers);
        snapshot_.servers = ServerSet{std::move(servers), groups_, snapshot_.key};
    }

    MediaServer make_server(const Config::Server& entry, std::vector<Endpoint> endpoints) {
        MediaServer server;
        server.name = entry.name;
        server.uri = entry.uri;
        server.endpoints = std::move(endpoints);
        server.sources = entry.source_networks;
        server.weight = entry.weight;
        server.max_calls = entry.max_calls;
        server.group = group(entry.group);
        server.state = entry.state;
        server.origin = entry.origin;
        server.backup = entry.backup;
        return server;
    }

    /// DNS can say anything at any time: what does not go with the servers that are there is left out.
    void add_targets(const Config::Server& entry, std::vector<MediaServer>& servers) {
        const std::vector<HostTarget>& found = targets(host_name(entry));
        group(entry.group);  // [[route]] may name it while it is empty
        if (found.empty())
            remarks_.push_back(entry.host +
                               " has no SRV records yet: it is asked for again, and gives no server");
        for (const Config::Server& target : srv_servers(entry, found)) {
            const auto same = std::ranges::find_if(servers, [&target](const MediaServer& other) {
                return other.name == target.name || other.uri == target.uri;
            });
            if (same != servers.end()) {
                remarks_.push_back(entry.host + ": its target " + target.uri + " is left out, there is a " +
                                   same->name + " already");
                continue;
            }
            const auto at = std::ranges::find_if(found, [&target](const HostTarget& one) {
                return one.host == target.host && one.port == target.port;
            });
            servers.push_back(make_server(target, at->endpoints));
        }
    }

    /// A fallback URI whose address is a server's is that server; else it joins the set, never placed on.
    void add_fallback(std::vector<MediaServer>& servers) {
        const Config::Transfer& transfer = config_.transfer;
        FallbackTarget target;
        switch (transfer.fallback_kind) {
            case Config::FallbackKind::none: return;
            case Config::FallbackKind::server:
                target.server = static_cast<ServerIndex>(
                    std::ranges::find(servers, transfer.fallback, &MediaServer::name) - servers.begin());
                break;
            case Config::FallbackKind::group: target.group = group(transfer.fallback); break;
            case Config::FallbackKind::uri: {
                target.request_uri = transfer.fallback;
                MediaServer server;
                server.name = "fallback";
                server.uri = transfer.fallback;
                server.endpoints = resolve(
                    {transfer.fallback_host.host, transfer.fallback_host.port, transfer.fallback_transport});
                server.placeable = false;
                const auto same = std::ranges::find_if(servers, [&server](const MediaServer& other) {
                    return !server.endpoints.empty() &&
                           std::ranges::find(other.endpoints, server.endpoints.front()) !=
                               other.endpoints.end();
                });
                target.server = static_cast<ServerIndex>(same - servers.begin());
                if (same == servers.end()) servers.push_back(std::move(server));
                break;
            }
        }
        snapshot_.transfer.fallback = std::move(target);
    }

    /// The address of ours that packets to the first server of that family leave from.
    std::optional<IpAddress> own_address(bool v6) {
        for (const MediaServer& server : snapshot_.servers.all()) {
            for (const Endpoint& endpoint : server.endpoints) {
                if (endpoint.address.v6 != v6) continue;
                SocketAddress to;
                to_socket_address(endpoint.address, endpoint.port, to);
                asio::ip::udp::endpoint remote;
                std::memcpy(remote.data(), &to.storage, to.size);
                remote.resize(to.size);
                asio::io_context context;
                asio::ip::udp::socket socket{context};
                boost::system::error_code error;
                socket.open(remote.protocol(), error);
                if (!error) socket.connect(remote, error);
                const auto local = error ? asio::ip::udp::endpoint{} : socket.local_endpoint(error);
                if (!error) return from_asio(local, Transport::udp).address;
            }
        }
        return std::nullopt;
    }

    Listener make_listener(const Config::Listener& entry) {
        Listener listener;
        listener.bind = {entry.address, entry.port, entry.transport};
        listener.side = same_word<ListenerSide>(entry.side);
        listener.advertised_port = entry.advertise.port == 0 ? entry.port : entry.advertise.port;
        listener.advertised_host = uri_host(entry.advertise.host);
        if (listener.advertised_host.empty()) {
            IpAddress address = entry.address;
            if (address.is_unspecified()) {
                address = own_address(address.v6).value_or(address);
                remarks_.push_back(entry.text + " advertises " + to_string(address) +
                                   ", the address towards the servers; set listen.advertise for another");
            }
            listener.advertised_host = uri_host(to_string(address));
        }
        return listener;
    }

    void set_local() {
        std::vector<Listener> listeners;
        std::ranges::transform(config_.listeners, std::back_inserter(listeners),
                               [this](const Config::Listener& entry) { return make_listener(entry); });
        std::vector<LocalAddresses::Name> aliases;
        for (const Config::HostPort& alias : config_.listen.alias_hosts) {
            aliases.push_back({uri_host(alias.host), alias.port});
        }
        snapshot_.local = LocalAddresses{std::move(listeners), std::move(aliases), config_.routing.domains};
    }

    void set_routing() {
        RoutingPolicy& policy = snapshot_.routing;
        policy.affinity = same_word<Affinity>(config_.routing.affinity_kind);
        policy.affinity_header = config_.routing.affinity_header;
        policy.placement = same_word<PlacementMethod>(config_.routing.placement);
        policy.record_route = config_.routing.record_route;
        policy.path = same_word<PathPolicy>(config_.nat.path);
        policy.source_header = config_.routing.source_header;
        for (const Config::Route& route : config_.routes) {
            GroupRule rule;
            rule.group = group(route.group);
            if (route.listener_index) rule.listener = static_cast<ListenerIndex>(*route.listener_index);
            rule.domain = route.domain;
            rule.source = route.source_network;
            rule.user_prefix = route.user_prefix;
            policy.group_rules.push_back(std::move(rule));
        }
    }

    void set_transfer() {
        const Config::Transfer& from = config_.transfer;
        TransferPolicy& policy = snapshot_.transfer;
        policy.unmatched = same_word<Unmatched>(from.unmatched);
        policy.fallback_strip_replaces = from.fallback_strip_replaces;
        policy.owner_down = same_word<OwnerDown>(from.owner_down);
        policy.wait_while_ringing = from.ringing == Config::Ringing::wait;
        policy.probe = from.probe;
        policy.ask_untried = config_.health.probe_interval.count() == 0;
        policy.guess_home = from.guess_home;
        policy.rewrite_user = from.rewrite_user;
        policy.rewrite_user_if_empty = from.rewrite_user_if_empty;
        policy.allow_servers = from.allow_servers;
        policy.allow_from = from.allow_networks;
    }

    const Config& config_;
    const HostAddresses& known_;
    Snapshot snapshot_;
    std::vector<std::string> groups_{"default"};
    std::vector<std::string> remarks_;
};

}  // namespace

BuiltSnapshot build_snapshot(const Config& config, const ClusterKey& key, const HostAddresses& known) {
    return Builder{config, key, known}.build();
}

}  // namespace sipsteer
