#pragma once

#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sipsteer::load {

/// An IPv4 address and port, host byte order. Of a stream: the number of a connection, port 0.
struct Address {
    std::uint32_t ip = 0;
    std::uint16_t port = 0;

    friend bool operator==(const Address&, const Address&) = default;
};

/// "127.0.0.1:5060", or nothing. The port is needed.
[[nodiscard]] std::optional<Address> parse_address(std::string_view text);
[[nodiscard]] std::string to_string(const Address& address);

[[nodiscard]] sockaddr_in to_socket_address(const Address& address) noexcept;
[[nodiscard]] Address from_socket_address(const sockaddr_in& address) noexcept;

}  // namespace sipsteer::load
