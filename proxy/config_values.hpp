#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tl/expected.hpp>

#include "proxy/config.hpp"

namespace sipsteer {

/// A value read from its text, or a message that names the text and says what is wrong with it.
template <class T>
using Parsed = tl::expected<T, std::string>;

/// An integer with ms, s, m or h, at most a year; "0" needs no unit.
[[nodiscard]] Parsed<std::chrono::milliseconds> parse_duration(std::string_view text);

/// `HOST[:PORT]`: a name or an IP; IPv6 in brackets, or bare when no port follows. Port 1 to 65535.
[[nodiscard]] Parsed<Config::HostPort> parse_host_port(std::string_view text);

/// An address to bind to.
struct BindAddress {
    Config::Transport transport = Config::Transport::udp;
    IpAddress address;
    std::uint16_t port = 0;
};

/// `[TRANSPORT:]IP:PORT`. `expected`: the transport of the list it stands in, another one is an error;
/// without one udp is meant.
[[nodiscard]] Parsed<BindAddress> parse_bind_address(
    std::string_view text, std::optional<Config::Transport> expected = std::nullopt);

/// `IP[/PREFIX][:PORT]`; IPv6 with a port as `[IP/PREFIX]:PORT` or `[IP]/PREFIX:PORT`. Bits behind the
/// prefix become 0.
[[nodiscard]] Parsed<AddressRange> parse_network(std::string_view text);

/// The same as text: `10.0.0.0/8`, `10.0.0.1/32:5061`, `[2001:db8::/32]:5061`.
[[nodiscard]] std::string to_string(const AddressRange& range);

/// Where a SIP URI leads.
struct SipTarget {
    Config::Transport transport = Config::Transport::udp;
    Config::HostPort host;
    bool has_user = false;
};

/// A sip or sips URI without maddr and headers; `;transport=` udp, tcp or tls; other parameters than
/// `lr` are an error. Whether this version has the transport is not checked.
[[nodiscard]] Parsed<SipTarget> parse_sip_target(std::string_view text);

/// `udp:127.0.0.1:5060`, `udp:[::1]:5060`
[[nodiscard]] std::string to_string(const BindAddress& address);

/// The text of an address, without brackets.
[[nodiscard]] std::string to_string(const IpAddress& address);

}  // namespace sipsteer
