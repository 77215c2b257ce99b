#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <type_traits>

namespace sipsteer {

/// Character classes of RFC 3261 §25.1 as bits of one table look-up.
enum CharClass : std::uint16_t {
    kToken = 1,  ///< token: alphanum and -.!%*_+`'~
    kDigit = 2,
    kHexDigit = 4,
    kHost = 8,      ///< hostname: alphanum - . and _, which real networks use
    kUri = 16,      ///< may stand in a URI: no blanks, controls, quotes, angle brackets
    kIpv6 = 32,     ///< inside [ ]: hex digits, colon, dot
    kValue = 64,    ///< in the value of a header parameter: kUri but no semicolon and no comma
    kQuoted = 128,  ///< between the quotes of a quoted string: all but the quote and what escapes one
    kSolid = 256,   ///< no blank, no control but DEL
};

namespace detail {

constexpr std::array<std::uint16_t, 256> make_char_table() {
    std::array<std::uint16_t, 256> table{};
    const auto add = [&table](std::string_view chars, int bits) {
        for (const char c : chars) {
            auto& entry = table[static_cast<unsigned char>(c)];
            entry = static_cast<std::uint16_t>(entry | bits);
        }
    };
    add("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", kToken | kHost);
    add("0123456789", kToken | kDigit | kHexDigit | kHost | kIpv6);
    add("abcdefABCDEF", kHexDigit | kIpv6);
    add("-.!%*_+`'~", kToken);
    add("-._", kHost);
    add(":.", kIpv6);
    for (std::size_t c = 0x21; c < 0x100; ++c) {
        if (c != '<' && c != '>' && c != '"' && c != 0x7f) {
            table[c] = static_cast<std::uint16_t>(table[c] | kUri | (c != ';' && c != ',' ? kValue : 0));
        }
        table[c] |= kSolid;
    }
    for (std::size_t c = 0; c < 0x100; ++c) {
        if (c != '"' && c != '\\') table[c] |= kQuoted;
    }
    return table;
}

inline constexpr auto kCharTable = make_char_table();

}  // namespace detail

[[nodiscard]] constexpr bool is(char c, std::uint16_t classes) noexcept {
    return (detail::kCharTable[static_cast<unsigned char>(c)] & classes) != 0;
}

[[nodiscard]] constexpr bool all_of(std::string_view text, std::uint16_t classes) noexcept {
    for (const char c : text) {
        if (!is(c, classes)) return false;
    }
    return true;
}

/// A blank of RFC 3261 LWS. CR and LF only occur inside a header value as part of a fold: the
/// message scan has refused every other one.
[[nodiscard]] constexpr bool is_lws(char c) noexcept {
    constexpr std::uint64_t kBlanks = std::uint64_t{1} << ' ' | std::uint64_t{1} << '\t' |
                                      std::uint64_t{1} << '\r' | std::uint64_t{1} << '\n';
    const auto byte = static_cast<unsigned char>(c);
    return byte <= ' ' && (kBlanks >> byte & 1) != 0;
}

/// What may stand in no header section but at the end of a line (RFC 3261 §7.3, §25.1).
[[nodiscard]] constexpr bool is_line_break(char c) noexcept { return c == '\r' || c == '\n' || c == '\0'; }

/// ASCII only: SIP compares without regard to case by ASCII rules (RFC 3261 §7.3.1).
[[nodiscard]] constexpr char to_lower(char c) noexcept {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
}

[[nodiscard]] constexpr bool iequals(std::string_view a, std::string_view b) noexcept {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i) {
        if (a[i] != b[i] && to_lower(a[i]) != to_lower(b[i])) return false;
    }
    return true;
}

/// `text` is that word of lower-case letters, in any case. Cheaper than iequals: two comparisons.
template <std::size_t Size>
[[nodiscard]] inline bool is_word(std::string_view text, const char (&word)[Size]) noexcept {
    constexpr std::size_t kLength = Size - 1;
    static_assert(kLength >= 2 && kLength <= 16);
    if (text.size() != kLength) return false;
    // Bit 0x20 lowers a letter and makes no other byte one.
    const auto differs = [&]<class Part>(Part lowers) {
        Part front = 0;
        Part back = 0;
        Part word_front = 0;
        Part word_back = 0;
        std::memcpy(&front, text.data(), sizeof front);
        std::memcpy(&back, text.data() + kLength - sizeof back, sizeof back);
        std::memcpy(&word_front, word, sizeof word_front);
        std::memcpy(&word_back, word + kLength - sizeof word_back, sizeof word_back);
        return (((front | lowers) ^ word_front) | ((back | lowers) ^ word_back)) != 0;
    };
    if constexpr (kLength >= 8) return !differs(std::uint64_t{0x2020202020202020});
    if constexpr (kLength >= 4 && kLength < 8) return !differs(std::uint32_t{0x20202020});
    if constexpr (kLength < 4) return !differs(std::uint16_t{0x2020});
}

[[nodiscard]] constexpr bool istarts_with(std::string_view text, std::string_view prefix) noexcept {
    return iequals(text.substr(0, prefix.size()), prefix);
}

[[nodiscard]] constexpr int hex_value(char c) noexcept {
    if (c >= '0' && c <= '9') return c - '0';
    const char lower = to_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

[[nodiscard]] constexpr std::string_view trim_lws(std::string_view text) noexcept {
    while (!text.empty() && is_lws(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_lws(text.back())) text.remove_suffix(1);
    return text;
}

namespace detail {

/// The digits at the front of eight characters: how many, and the number that they are.
struct FrontNumber {
    unsigned digits;
    std::uint32_t value;
};

/// All at once: numbers differ in their length, and no predictor learns it. `text` as it stands in memory.
[[nodiscard]] inline FrontNumber front_number(std::uint64_t text) noexcept {
    static_assert(std::endian::native == std::endian::little);
    constexpr std::uint64_t kEach = 0x0101010101010101;
    std::uint64_t bytes = text ^ kEach * '0';  // 0 to 9 where a digit stands
    const std::uint64_t others = (bytes | ((bytes & kEach * 0x7f) + kEach * (0x80 - 10))) & kEach * 0x80;
    const auto digits = static_cast<unsigned>(std::countr_zero(others)) / 8;
    if (digits == 0) return {0, 0};
    bytes <<= 8 * (8 - digits);                                         // zeros in front
    bytes = (bytes * (10 * 0x100 + 1) >> 8) & 0x00ff00ff00ff00ff;       // pairs
    bytes = (bytes * (100 * 0x1'0000 + 1) >> 16) & 0x0000ffff0000ffff;  // fours
    return {digits, static_cast<std::uint32_t>(bytes * (10000 * 0x1'0000'0000 + 1) >> 32)};
}

/// The bytes of a text shorter than eight and not shorter than four, zeros behind them.
[[nodiscard]] inline std::uint64_t load_four_to_seven(const char* at, std::size_t size) noexcept {
    std::uint32_t front = 0;
    std::uint32_t back = 0;
    std::memcpy(&front, at, sizeof front);
    std::memcpy(&back, at + size - sizeof back, sizeof back);
    return front | static_cast<std::uint64_t>(back) << (8 * (size - sizeof back));
}

}  // namespace detail

/// Reads 1*DIGIT up to `max` at `at`: no sign, no blank, no hex; any number of leading zeros. Returns its
/// end; null when there is no such number or it is above `max`, and `value` is left alone.
[[nodiscard]] constexpr const char* read_number(const char* at, const char* end, std::uint32_t max,
                                                std::uint32_t& value) noexcept {
    const char* const begin = at;
    if (!std::is_constant_evaluated() && end - at >= 4) {
        std::uint64_t text = 0;
        if (end - at >= 8) {
            std::memcpy(&text, at, sizeof text);
        } else {
            text = detail::load_four_to_seven(at, static_cast<std::size_t>(end - at));
        }
        const detail::FrontNumber number = detail::front_number(text);
        if (number.digits < 8) [[likely]] {
            if (number.digits == 0 || number.value > max) return nullptr;
            value = number.value;
            return at + number.digits;
        }
    }
    std::uint64_t sum = 0;
    for (; at != end; ++at) {
        const unsigned digit = static_cast<unsigned char>(*at) - unsigned{'0'};
        if (digit > 9) break;
        sum = sum * 10 + digit;
        if (sum > max) return nullptr;
    }
    if (at == begin) return nullptr;
    value = static_cast<std::uint32_t>(sum);
    return at;
}

/// The same for the whole of `text`.
[[nodiscard]] constexpr bool parse_number(std::string_view text, std::uint32_t max,
                                          std::uint32_t& value) noexcept {
    std::uint32_t number = 0;
    const char* const end = text.data() + text.size();
    if (text.empty() || read_number(text.data(), end, max, number) != end) return false;
    value = number;
    return true;
}

/// The same for a port, which is not 0.
[[nodiscard]] constexpr const char* read_port(const char* at, const char* end, std::uint16_t& port) noexcept {
    std::uint32_t number = 0;
    at = read_number(at, end, 65535, number);
    if (number == 0) return nullptr;
    port = static_cast<std::uint16_t>(number);
    return at;
}

}  // namespace sipsteer
