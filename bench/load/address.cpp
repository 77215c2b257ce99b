#include "bench/load/address.hpp"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <charconv>

namespace sipsteer::load {

std::optional<Address> parse_address(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    in_addr ip{};
    if (::inet_pton(AF_INET, std::string{text.substr(0, colon)}.c_str(), &ip) != 1) return std::nullopt;
    const std::string_view digits = text.substr(colon + 1);
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
    if (error != std::errc{} || end != digits.data() + digits.size() || port == 0) return std::nullopt;
    return Address{ntohl(ip.s_addr), port};
}

std::string to_string(const Address& address) {
    return fmt::format("{}.{}.{}.{}:{}", address.ip >> 24, (address.ip >> 16) & 255, (address.ip >> 8) & 255,
                       address.ip & 255, address.port);
}

sockaddr_in to_socket_address(const Address& address) noexcept {
    sockaddr_in out{};
    out.sin_family = AF_INET;
    out.sin_addr.s_addr = htonl(address.ip);
    out.sin_port = htons(address.port);
    return out;
}

Address from_socket_address(const sockaddr_in& address) noexcept {
    return {ntohl(address.sin_addr.s_addr), ntohs(address.sin_port)};
}

}  // namespace sipsteer::load
