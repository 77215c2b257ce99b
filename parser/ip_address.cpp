#include "parser/ip_address.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cstring>

#include "parser/chars.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sipsteer {
namespace {

/// A bit for each of 16 bytes, the first one lowest.
struct QuadMasks {
    unsigned dots = 0;
    unsigned others = 0;  ///< neither dot nor digit
};

/// The characters of a dotted quad as they stand in memory, zeros behind them.
struct QuadText {
    std::uint64_t front = 0;
    std::uint64_t back = 0;
};

/// Precondition: 7 to 15 characters.
QuadText load_quad(std::string_view text) noexcept {
    static_assert(std::endian::native == std::endian::little);
    const std::size_t size = text.size();
    if (size < 8) return {detail::load_four_to_seven(text.data(), size), 0};
    QuadText quad;
    std::memcpy(&quad.front, text.data(), 8);
    std::memcpy(&quad.back, text.data() + size - 8, 8);
    quad.back = size == 8 ? 0 : quad.back >> (8 * (16 - size));
    return quad;
}

QuadMasks masks_of(const QuadText& text) noexcept {
#if defined(__SSE2__)
    const __m128i bytes =
        _mm_set_epi64x(static_cast<std::int64_t>(text.back), static_cast<std::int64_t>(text.front));
    const __m128i dots = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('.'));
    const __m128i place = _mm_sub_epi8(bytes, _mm_set1_epi8('0'));
    const __m128i digits = _mm_cmpeq_epi8(_mm_min_epu8(place, _mm_set1_epi8(9)), place);
    return {static_cast<unsigned>(_mm_movemask_epi8(dots)),
            ~static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(dots, digits)))};
#else
    QuadMasks masks;
    const auto bytes = std::bit_cast<std::array<char, 16>>(text);
    for (unsigned i = 0; i < 16; ++i) {
        if (bytes[i] == '.') masks.dots |= 1U << i;
        if (bytes[i] != '.' && !is(bytes[i], kDigit)) masks.others |= 1U << i;
    }
    return masks;
#endif
}

/// The number whose `length` digits, 1 to 3, end before `end`.
unsigned part_before(std::string_view text, unsigned end, unsigned length) noexcept {
    const unsigned window = end >= 4 ? end - 4 : 0;
    std::uint32_t digits = 0;
    std::memcpy(&digits, text.data() + window, sizeof digits);
    digits <<= 8 * (window + 4 - end);
    digits = (digits ^ 0x30303030U) & ~0U << (8 * (4 - length));
    const std::uint32_t tens = digits * 0xa01U;  // in the highest byte the units and ten times the byte below
    return (tens >> 24) + (digits >> 8 & 0xff) * 100;
}

/// Without a branch on what is in the text: addresses differ, and no predictor learns them. Without a copy of
/// it: what is written in parts is waited for when it is read whole.
bool parse_v4(std::string_view text, std::uint8_t* out) noexcept {
    const auto size = static_cast<unsigned>(text.size());
    if (size < 7 || size > 15) return false;
    const QuadMasks masks = masks_of(load_quad(text));
    auto next_dot = [dots = masks.dots]() mutable {  // 32: there is none
        const auto dot = static_cast<unsigned>(std::countr_zero(dots));
        dots &= dots - 1;
        return dot;
    };
    const unsigned first = next_dot();
    const unsigned second = next_dot();
    const unsigned third = next_dot();
    const std::array<unsigned, 4> lengths{first, second - first - 1, third - second - 1, size - third - 1};
    if ((masks.others & ((1U << size) - 1)) != 0 || next_dot() != 32) return false;
    unsigned wrong = 0;  // one that is not 1 to 3; not `||`, which would branch on each
    for (const unsigned length : lengths) wrong |= static_cast<unsigned>(length - 1 > 2);
    if (wrong != 0) return false;
    const std::array<unsigned, 4> parts{
        part_before(text, first, lengths[0]), part_before(text, second, lengths[1]),
        part_before(text, third, lengths[2]), part_before(text, size, lengths[3])};
    for (std::size_t i = 0; i < 4; ++i) out[i] = static_cast<std::uint8_t>(parts[i]);
    return (parts[0] | parts[1] | parts[2] | parts[3]) <= 255;
}

/// The 16-bit groups of one side of `::`; an IPv4 address may only end the whole. Returns the number
/// of bytes written, -1 on an error.
int parse_groups(std::string_view text, std::uint8_t* out, std::size_t room, bool last) noexcept {
    std::size_t used = 0;
    while (!text.empty()) {
        const std::size_t colon = text.find(':');
        const std::string_view part = text.substr(0, colon);
        if (colon == std::string_view::npos && part.find('.') != std::string_view::npos) {
            if (!last || used + 4 > room || !parse_v4(part, out + used)) return -1;
            return static_cast<int>(used + 4);
        }
        if (part.empty() || part.size() > 4 || used + 2 > room || !all_of(part, kHexDigit)) return -1;
        unsigned value = 0;
        for (const char c : part) value = value * 16 + static_cast<unsigned>(hex_value(c));
        out[used] = static_cast<std::uint8_t>(value >> 8);
        out[used + 1] = static_cast<std::uint8_t>(value & 0xff);
        used += 2;
        if (colon == std::string_view::npos) break;
        text.remove_prefix(colon + 1);
        if (text.empty()) return -1;
    }
    return static_cast<int>(used);
}

bool parse_v6_bytes(std::string_view text, std::array<std::uint8_t, 16>& out) noexcept {
    const std::size_t gap = text.find("::");
    if (gap == std::string_view::npos) return parse_groups(text, out.data(), 16, true) == 16;
    std::string_view tail = text.substr(gap + 2);
    if (!tail.empty() && tail.front() == ':') tail.remove_prefix(1);
    if (tail.find("::") != std::string_view::npos) return false;
    const int head_bytes = parse_groups(text.substr(0, gap), out.data(), 14, false);
    if (head_bytes < 0) return false;
    std::array<std::uint8_t, 16> end{};
    const int tail_bytes = parse_groups(tail, end.data(), 14 - static_cast<std::size_t>(head_bytes), true);
    if (tail_bytes < 0) return false;
    std::copy_n(end.begin(), tail_bytes, out.end() - tail_bytes);
    return true;
}

/// "0.  " to "255.": the bytes of a dotted quad, each with the dot behind it.
constexpr std::array<std::array<char, 4>, 256> kDecimalBytes = [] {
    std::array<std::array<char, 4>, 256> texts{};
    for (unsigned value = 0; value < 256; ++value) {
        char* at = texts[value].data();
        if (value >= 100) *at++ = static_cast<char>('0' + value / 100);
        if (value >= 10) *at++ = static_cast<char>('0' + value / 10 % 10);
        *at++ = static_cast<char>('0' + value % 10);
        *at = '.';
    }
    return texts;
}();

char* write_group(char* at, char* end, unsigned value) noexcept {
    return std::to_chars(at, end, value, 16).ptr;
}

/// Brackets around it or not.
Result<IpAddress> parse_v6(std::string_view text) noexcept {
    if (text.size() >= 2 && text.front() == '[' && text.back() == ']') text = text.substr(1, text.size() - 2);
    IpAddress address{.v6 = true};
    if (text.find(':') == std::string_view::npos || !parse_v6_bytes(text, address.bytes))
        return Failure(ParseError::bad_ip_address);
    constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (std::equal(kMapped.begin(), kMapped.end(), address.bytes.begin())) {
        IpAddress v4;
        std::copy_n(address.bytes.begin() + 12, 4, v4.bytes.begin());
        return v4;
    }
    return address;
}

}  // namespace

Result<IpAddress> parse_ip(std::string_view text) noexcept {
    Result<IpAddress> result{IpAddress{}};
    if (!parse_v4(text, result->bytes.data())) result = parse_v6(text);
    return result;
}

std::size_t format_ip(const IpAddress& address, std::array<char, IpAddress::kMaxText>& out) noexcept {
    char* at = out.data();
    char* const end = out.data() + out.size();
    if (!address.v6) {
        for (std::size_t i = 0; i < 4; ++i) {
            const std::uint8_t byte = address.bytes[i];
            std::memcpy(at, kDecimalBytes[byte].data(), 4);
            at += 2 + (byte >= 10 ? 1 : 0) + (byte >= 100 ? 1 : 0);
        }
        return static_cast<std::size_t>(at - 1 - out.data());  // without the last dot
    }
    std::array<unsigned, 8> groups{};
    for (std::size_t i = 0; i < 8; ++i) {
        groups[i] = static_cast<unsigned>(address.bytes[2 * i] << 8 | address.bytes[2 * i + 1]);
    }
    // RFC 5952 §4.2: the longest run of at least two zero groups, the first of equals, becomes `::`.
    std::size_t gap = 8;
    std::size_t gap_length = 1;
    for (std::size_t i = 0; i < 8;) {
        std::size_t run = i;
        while (run < 8 && groups[run] == 0) ++run;
        if (run - i > gap_length) {
            gap = i;
            gap_length = run - i;
        }
        i = run == i ? i + 1 : run;
    }
    for (std::size_t i = 0; i < 8; ++i) {
        if (i == gap) {
            *at++ = ':';
            *at++ = ':';
            i += gap_length - 1;
            continue;
        }
        if (i != 0 && at[-1] != ':') *at++ = ':';
        at = write_group(at, end, groups[i]);
    }
    return static_cast<std::size_t>(at - out.data());
}

}  // namespace sipsteer
