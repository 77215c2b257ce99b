#pragma once

#include <cstdint>
#include <string_view>

#include "parser/chars.hpp"
#include "parser/ip_address.hpp"

namespace sipsteer {

enum class Transport : std::uint8_t { udp, tcp, tls, ws, wss };

[[nodiscard]] constexpr bool is_stream(Transport transport) noexcept { return transport != Transport::udp; }
[[nodiscard]] constexpr bool is_web_socket(Transport transport) noexcept {
    return transport == Transport::ws || transport == Transport::wss;
}
[[nodiscard]] constexpr bool is_secure(Transport transport) noexcept {
    return transport == Transport::tls || transport == Transport::wss;
}

/// The transport of a `transport=` parameter or Via token; udp for what is unknown or empty.
[[nodiscard]] inline Transport transport_of(std::string_view token) noexcept {
    if (is_word(token, "udp")) return Transport::udp;  // as most are
    if (is_word(token, "tcp")) return Transport::tcp;
    if (is_word(token, "tls")) return Transport::tls;
    if (is_word(token, "ws")) return Transport::ws;
    if (is_word(token, "wss")) return Transport::wss;
    return Transport::udp;
}

/// The token of a Via header (RFC 3261 §20.42, RFC 7118 §5.2).
[[nodiscard]] constexpr std::string_view via_token(Transport transport) noexcept {
    switch (transport) {
        case Transport::udp: return "UDP";
        case Transport::tcp: return "TCP";
        case Transport::tls: return "TLS";
        case Transport::ws: return "WS";
        case Transport::wss: return "WSS";
    }
    return "UDP";
}

/// 5061 for what runs over TLS, else 5060 (RFC 3261 §19.1.2).
[[nodiscard]] constexpr std::uint16_t default_port(Transport transport) noexcept {
    return is_secure(transport) ? 5061 : 5060;
}

/// Where a message comes from or goes to. Plain value.
struct Endpoint {
    IpAddress address;
    std::uint16_t port = 0;
    Transport transport = Transport::udp;

    friend constexpr bool operator==(const Endpoint&, const Endpoint&) noexcept = default;
};

}  // namespace sipsteer
