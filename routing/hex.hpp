#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "parser/chars.hpp"

namespace sipsteer {
namespace detail {

static_assert(std::endian::native == std::endian::little);

/// Eight digits as they stand in memory, the most significant first.
[[nodiscard]] inline std::uint64_t to_digits(std::uint32_t value) noexcept {
    std::uint64_t nibbles = value;
    nibbles = (nibbles << 16 | nibbles) & 0x0000ffff0000ffff;
    nibbles = (nibbles << 8 | nibbles) & 0x00ff00ff00ff00ff;
    nibbles = (nibbles << 4 | nibbles) & 0x0f0f0f0f0f0f0f0f;
    const std::uint64_t letters = (nibbles + 0x0606060606060606) >> 4 & 0x0101010101010101;
    return __builtin_bswap64(nibbles + 0x3030303030303030 + letters * ('a' - '0' - 10));
}

/// The other way; of what to_digits() does not write, anything.
[[nodiscard]] inline std::uint32_t from_digits(std::uint64_t digits) noexcept {
    const std::uint64_t text = __builtin_bswap64(digits);
    const std::uint64_t letters = text >> 6 & 0x0101010101010101;
    std::uint64_t nibbles = ((text & 0x0f0f0f0f0f0f0f0f) + letters * 9) & 0x0f0f0f0f0f0f0f0f;
    nibbles = (nibbles | nibbles >> 4) & 0x00ff00ff00ff00ff;
    nibbles = (nibbles | nibbles >> 8) & 0x0000ffff0000ffff;
    return static_cast<std::uint32_t>(nibbles | nibbles >> 16);
}

}  // namespace detail

/// Writes `digits` lower-case hex digits of `value`, most significant first, at `out`.
inline char* write_hex(char* out, std::uint64_t value, unsigned digits) noexcept {
    unsigned left = digits;
    for (; left >= 8; left -= 8, value >>= 32) {
        const std::uint64_t text = detail::to_digits(static_cast<std::uint32_t>(value));
        std::memcpy(out + left - 8, &text, sizeof text);
    }
    for (; left > 0; value >>= 4) out[--left] = "0123456789abcdef"[value & 0xf];
    return out + digits;
}

/// Reads exactly text.size() hex digits as write_hex() writes them; false when one is none, upper case (so
/// that a signature has one spelling), or there are more than 16.
[[nodiscard]] inline bool read_hex(std::string_view text, std::uint64_t& value) noexcept {
    if (text.size() > 16) return false;
    value = 0;
    const char* at = text.data();
    std::size_t left = text.size();
    for (; left >= 8; left -= 8, at += 8) {
        std::uint64_t digits = 0;
        std::memcpy(&digits, at, sizeof digits);
        const std::uint32_t part = detail::from_digits(digits);
        if (detail::to_digits(part) != digits) return false;
        value = value << 32 | part;
    }
    for (; left > 0; --left, ++at) {
        const int digit = hex_value(*at);
        if (digit < 0 || (*at >= 'A' && *at <= 'F')) return false;
        value = value << 4 | static_cast<std::uint64_t>(digit);
    }
    return true;
}

}  // namespace sipsteer
