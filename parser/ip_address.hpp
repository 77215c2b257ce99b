#pragma once

#include <array>
#include <bit>
#include <compare>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/result.hpp"

namespace sipsteer {

/// An IPv4 or IPv6 address. IPv4 is kept in the first four bytes, the rest zero. Plain value.
struct IpAddress {
    std::array<std::uint8_t, 16> bytes{};
    bool v6 = false;

    /// Length of the longest text form, without brackets.
    static constexpr std::size_t kMaxText = 45;

    [[nodiscard]] constexpr std::size_t size() const noexcept { return v6 ? 16U : 4U; }

    /// 0.0.0.0 or ::
    [[nodiscard]] constexpr bool is_unspecified() const noexcept {
        return bytes == std::array<std::uint8_t, 16>{};
    }

    /// By words: of an array's own the compiler makes a call of memcmp().
    friend constexpr bool operator==(const IpAddress& a, const IpAddress& b) noexcept {
        using Words = std::array<std::uint64_t, 2>;
        const auto [a0, a1] = std::bit_cast<Words>(a.bytes);
        const auto [b0, b1] = std::bit_cast<Words>(b.bytes);
        return ((a0 ^ b0) | (a1 ^ b1)) == 0 && a.v6 == b.v6;
    }
    friend constexpr auto operator<=>(const IpAddress&, const IpAddress&) noexcept = default;
};

/// `1.2.3.4`, `2001:db8::1` or `[2001:db8::1]`. Strict, but `:::` is read as `::` (RFC 5118 §4.10).
/// An IPv4-mapped IPv6 address becomes the IPv4 address. Errors: bad_ip_address.
[[nodiscard]] Result<IpAddress> parse_ip(std::string_view text) noexcept;

/// Writes the canonical text (RFC 5952), without brackets, at `out`; returns its length.
std::size_t format_ip(const IpAddress& address, std::array<char, IpAddress::kMaxText>& out) noexcept;

}  // namespace sipsteer
