#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/chars.hpp"

namespace sipsteer {

/// Writes `digits` lower-case hex digits of `value`, most significant first, at `out`.
constexpr char* write_hex(char* out, std::uint64_t value, unsigned digits) noexcept {
    for (unsigned i = digits; i-- > 0; value >>= 4) out[i] = "0123456789abcdef"[value & 0xf];
    return out + digits;
}

/// Reads exactly text.size() hex digits as write_hex() writes them; false when one is none, upper case (so
/// that a signature has one spelling), or there are more than 16.
[[nodiscard]] constexpr bool read_hex(std::string_view text, std::uint64_t& value) noexcept {
    if (text.size() > 16) return false;
    value = 0;
    for (const char c : text) {
        const int digit = hex_value(c);
        if (digit < 0 || (c >= 'A' && c <= 'F')) return false;
        value = value << 4 | static_cast<std::uint64_t>(digit);
    }
    return true;
}

}  // namespace sipsteer
