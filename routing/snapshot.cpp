#include "routing/snapshot.hpp"

namespace sipsteer {

UriTarget uri_target(const SipUri& uri) noexcept {
    UriTarget target;
    target.host = uri.maddr.empty() ? uri.host : uri.maddr;
    target.port = uri.port;
    target.transport = transport_of(uri.transport);
    if (uri.scheme == UriScheme::sips) {
        // Whatever transport is written, it is the one with TLS (RFC 3261 §26.2.2, RFC 7118 §5.2).
        target.transport = target.transport == Transport::ws || target.transport == Transport::wss
                               ? Transport::wss
                               : Transport::tls;
    }
    return target;
}

std::optional<ServerIndex> Snapshot::server_at(std::string_view host, std::uint16_t port,
                                               Transport transport) const noexcept {
    const auto address = parse_ip(host);
    if (!address) return std::nullopt;
    return servers.by_endpoint(*address, port == 0 ? default_port(transport) : port);
}

std::optional<ServerIndex> Snapshot::server_named(const SipUri& uri) const noexcept {
    if (!uri.is_sip()) return std::nullopt;
    const UriTarget target = uri_target(uri);
    return server_at(target.host, target.port, target.transport);
}

bool Snapshot::names_us(const SipUri& uri) const noexcept {
    if (!uri.is_sip()) return false;
    const UriTarget target = uri_target(uri);
    return local.is_us(target.host, target.port) && !server_at(target.host, target.port, target.transport);
}

}  // namespace sipsteer
