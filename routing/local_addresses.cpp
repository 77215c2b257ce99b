#include "routing/local_addresses.hpp"

#include <algorithm>

namespace sipsteer {

bool same_host(std::string_view a, std::string_view b) noexcept {
    if (a == b || iequals(a, b)) return true;
    if (a.empty() || b.empty() || a.front() != '[' || b.front() != '[') return false;
    const auto left = parse_ip(a);
    const auto right = parse_ip(b);
    return left && right && *left == *right;
}

namespace {

/// The transport parameter of a URI; of sips the scheme says that there is TLS (RFC 3261 §26.2.2).
std::string_view transport_parameter(Transport transport, bool sips) noexcept {
    switch (transport) {
        case Transport::udp: return "";
        case Transport::tcp: return ";transport=tcp";
        case Transport::tls: return sips ? "" : ";transport=tls";
        case Transport::ws:
        case Transport::wss: return ";transport=ws";
    }
    return "";
}

std::string own_uri(const Listener& listener, bool sips) {
    sips = sips && is_secure(listener.bind.transport);
    std::string uri{sips ? "<sips:" : "<sip:"};
    return uri.append(listener.sent_by)
        .append(transport_parameter(listener.bind.transport, sips))
        .append(";lr;");
}

}  // namespace

LocalAddresses::LocalAddresses(std::vector<Listener> listeners, std::vector<Name> aliases,
                               std::vector<std::string> domains)
    : listeners_(std::move(listeners)), names_(std::move(aliases)), domains_(std::move(domains)) {
    for (Listener& listener : listeners_) {
        listener.sent_by = listener.advertised_host + ":" + std::to_string(listener.advertised_port);
        if (const auto address = parse_ip(listener.advertised_host))
            listener.advertised = Endpoint{*address, listener.advertised_port, listener.bind.transport};
        listener.via.append("Via: SIP/2.0/").append(via_token(listener.bind.transport));
        listener.via.append(" ").append(listener.sent_by).append(";branch=");
        listener.uri = own_uri(listener, false);
        listener.sips_uri = own_uri(listener, true);
        names_.push_back({listener.advertised_host, listener.advertised_port});
        if (listener.bind.address.is_unspecified()) continue;
        std::array<char, IpAddress::kMaxText> text;
        const std::string bound{text.data(), format_ip(listener.bind.address, text)};
        names_.push_back({listener.bind.address.v6 ? "[" + bound + "]" : bound, listener.bind.port});
    }
}

bool LocalAddresses::is_us(std::string_view host, std::uint16_t port) const noexcept {
    return std::ranges::any_of(names_, [&](const Name& name) {
        if (!same_host(name.host, host)) return false;
        if (port == 0 || name.port == port) return true;
        return name.port == 0 && std::ranges::any_of(listeners_, [port](const Listener& one) {
                   return one.advertised_port == port;
               });
    });
}

bool LocalAddresses::is_us(const Endpoint& endpoint) const noexcept {
    return std::ranges::any_of(listeners_, [&endpoint](const Listener& one) {
        if (one.bind.address == endpoint.address && one.bind.port == endpoint.port) return true;
        return one.advertised && one.advertised->address == endpoint.address &&
               one.advertised->port == endpoint.port;
    });
}

bool LocalAddresses::is_our_domain(std::string_view host) const noexcept {
    return std::ranges::any_of(domains_,
                               [host](const std::string& domain) { return same_host(domain, host); });
}

bool LocalAddresses::is_our_sent_by(std::string_view host, std::uint16_t port) const noexcept {
    return std::ranges::any_of(listeners_, [&](const Listener& listener) {
        const std::uint16_t actual = port == 0 ? default_port(listener.bind.transport) : port;
        return actual == listener.advertised_port && same_host(listener.advertised_host, host);
    });
}

bool LocalAddresses::fits(const Listener& listener, const Endpoint& next_hop, bool to_server) const noexcept {
    const ListenerSide excluded = to_server ? ListenerSide::outside : ListenerSide::servers;
    return listener.bind.transport == next_hop.transport && listener.bind.address.v6 == next_hop.address.v6 &&
           listener.side != excluded;
}

std::optional<ListenerIndex> LocalAddresses::sender(const Endpoint& next_hop, bool to_server,
                                                    ListenerIndex preferred) const noexcept {
    if (fits(listeners_[preferred], next_hop, to_server)) {
        // A listener kept for that side goes before one for both.
        if (listeners_.size() == 1 || listeners_[preferred].side != ListenerSide::both) return preferred;
    }
    std::optional<ListenerIndex> found;
    for (ListenerIndex i = 0; i < listeners_.size(); ++i) {
        if (!fits(listeners_[i], next_hop, to_server)) continue;
        if (listeners_[i].side != ListenerSide::both) return i;
        if (!found || i == preferred) found = i;
    }
    return found;
}

}  // namespace sipsteer
