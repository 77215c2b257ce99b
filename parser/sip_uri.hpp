#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "parser/result.hpp"

namespace sipsteer {

enum class UriScheme : std::uint8_t { sip, sips, tel, urn, other };

/// A SIP or SIPS URI (RFC 3261 §19.1). Views point into the parsed bytes; nothing is unescaped.
/// For other schemes only `scheme` and `whole` are set.
struct SipUri {
    UriScheme scheme = UriScheme::other;
    std::string_view whole;
    std::string_view user;        ///< without a password; empty when there is none
    std::string_view userinfo;    ///< user[:password]
    std::string_view host;        ///< as written, IPv6 with its brackets
    std::uint16_t port = 0;       ///< 0 when there is none
    std::string_view host_port;   ///< host[:port] as written
    std::string_view parameters;  ///< from the first semicolon on, without headers
    std::string_view headers;     ///< behind the question mark
    std::string_view transport;   ///< value of the transport parameter
    std::string_view maddr;
    bool lr = false;

    [[nodiscard]] bool is_sip() const noexcept { return scheme <= UriScheme::sips; }

    /// Errors: bad_uri (no scheme, no host, a port that is none, blanks, controls, quotes, angle
    /// brackets), value_too_long. An unknown scheme is no error.
    [[nodiscard]] static Result<SipUri> parse(std::string_view text) noexcept;
    /// The same into this object, which is fresh: nothing is copied.
    [[nodiscard]] Result<void> read(std::string_view text) noexcept;
};

/// The value of the first parameter `name` in `;a=b;c=d`, escapes left alone; empty when it has none, null
/// when it has not even a `=` or there is no such parameter.
[[nodiscard]] std::string_view uri_parameter(std::string_view parameters, std::string_view name) noexcept;

/// `text` with its %HH escapes read, for comparing: `%61lice` is `alice` (RFC 3261 §19.1.4). Points into
/// `scratch`, or is `text` itself when nothing is escaped or `scratch` is too small. What is no escape
/// stands for itself.
[[nodiscard]] std::string_view unescaped(std::string_view text, std::span<char> scratch) noexcept;

/// Longest URI that is accepted.
inline constexpr std::size_t kMaxUri = 4096;

}  // namespace sipsteer
