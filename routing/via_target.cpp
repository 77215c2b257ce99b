#include "routing/via_target.hpp"

#include "parser/chars.hpp"

namespace sipsteer {
namespace {

/// maddr is for datagrams: a stream's answer goes back by the stream (RFC 3261 §18.2.2).
std::string_view maddr_of(const ViaView& via, Transport transport) noexcept {
    return is_stream(transport) ? std::string_view{} : via.maddr;
}

std::uint16_t sent_by_port(const ViaView& via, Transport transport) noexcept {
    return via.port == 0 ? default_port(transport) : via.port;
}

}  // namespace

std::optional<Endpoint> response_target(const ViaView& via) noexcept {
    const Transport transport = transport_of(via.transport);
    const std::string_view maddr = maddr_of(via, transport);
    const std::string_view host = !maddr.empty() ? maddr : !via.received.empty() ? via.received : via.host;
    const auto address = parse_ip(host);
    if (!address) return std::nullopt;
    std::uint32_t rport = 0;
    // The port that a stream came from takes no connection.
    if (!is_stream(transport) && maddr.empty() && parse_number(via.rport, 65535, rport) && rport != 0) {
        return Endpoint{*address, static_cast<std::uint16_t>(rport), transport};
    }
    return Endpoint{*address, sent_by_port(via, transport), transport};
}

std::optional<Endpoint> reply_target(const ViaView& via, const Endpoint& source) noexcept {
    if (const std::string_view maddr = maddr_of(via, source.transport); !maddr.empty()) {
        const auto address = parse_ip(maddr);
        if (!address) return std::nullopt;
        return Endpoint{*address, sent_by_port(via, source.transport), source.transport};
    }
    return Endpoint{
        source.address,
        via.has_rport && !is_stream(source.transport) ? source.port : sent_by_port(via, source.transport),
        source.transport};
}

}  // namespace sipsteer
