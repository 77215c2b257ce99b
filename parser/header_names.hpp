#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "parser/header_id.hpp"
#include "parser/line_scan.hpp"

/// The table of the long header names, for those who look one up for every line.
namespace sipsteer {
namespace detail {

struct Name {
    std::string_view text;  ///< lower case, with the colon
    HeaderId id;
};

inline constexpr Name kNames[] = {
    {"via:", HeaderId::via},
    {"from:", HeaderId::from},
    {"to:", HeaderId::to},
    {"call-id:", HeaderId::call_id},
    {"cseq:", HeaderId::cseq},
    {"max-forwards:", HeaderId::max_forwards},
    {"content-length:", HeaderId::content_length},
    {"route:", HeaderId::route},
    {"record-route:", HeaderId::record_route},
    {"contact:", HeaderId::contact},
    {"require:", HeaderId::require},
    {"proxy-require:", HeaderId::proxy_require},
    {"supported:", HeaderId::supported},
    {"replaces:", HeaderId::replaces},
    {"join:", HeaderId::join},
    {"target-dialog:", HeaderId::target_dialog},
    {"refer-to:", HeaderId::refer_to},
    {"session-expires:", HeaderId::session_expires},
    {"expires:", HeaderId::expires},
    {"path:", HeaderId::path},
    {"authorization:", HeaderId::authorization},
};

using Bytes = std::array<char, kNameBytes>;

/// A name. Set in `mask`: bit 0x20 of each letter, which lowers it and makes no other byte a letter, and
/// whatever stands behind the colon. So `(bytes | mask) == word` compares all at once.
struct alignas(64) Entry {
    Bytes word{};
    Bytes mask{};
    KnownName name;

    /// The portable twin of `is`.
    [[nodiscard]] bool is_portable(const char* bytes) const noexcept {
        for (std::size_t i = 0; i < kNameBytes; ++i) {
            if ((bytes[i] | mask.data()[i]) != word.data()[i]) return false;
        }
        return true;
    }

    /// The kNameBytes at `bytes` begin with this name.
    [[nodiscard]] bool is(const char* bytes) const noexcept {
#if defined(__SSE2__)
        const auto load = [](const char* at) {
            return _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        };
        const __m128i lowered = _mm_or_si128(load(bytes), load(mask.data()));
        return _mm_movemask_epi8(_mm_cmpeq_epi8(lowered, load(word.data()))) == 0xffff;
#else
        return is_portable(bytes);
#endif
    }
};

constexpr Entry entry_of(const Name& name) {
    Bytes word{};
    Bytes mask{};
    for (std::size_t i = 0; i < kNameBytes; ++i) {
        const bool inside = i < name.text.size();
        const bool letter = inside && name.text[i] != '-' && name.text[i] != ':';
        mask[i] = !inside ? '\xff' : letter ? '\x20' : '\0';
        word[i] = inside ? name.text[i] : '\xff';
    }
    return {word, mask, {name.id, static_cast<std::uint8_t>(name.text.size())}};
}

/// Two names may meet in a set: Contact and Content-Length, whose first letters are the same.
inline constexpr std::size_t kSets = 32;
using Set = std::array<Entry, 2>;

/// By the first three letters: the shortest name has two and its colon. What stands behind them falls out at
/// the upper end, as the factor ends in eight zero bits.
constexpr std::size_t set_of(std::uint32_t front, std::uint32_t factor) {
    static_assert(std::endian::native == std::endian::little);
    return (front | 0x202020U) * factor >> 27;
}

constexpr std::size_t set_of(const Name& name, std::uint32_t factor) {
    std::uint32_t letters = 0;
    for (std::size_t i = 0; i < 3; ++i)
        letters |= std::uint32_t{static_cast<unsigned char>(name.text.data()[i])} << (8 * i);
    return set_of(letters, factor);
}

/// The smallest factor that puts at most two names into each set.
consteval std::uint32_t find_factor() {
    for (std::uint32_t factor = 0x100; factor < 0x1000000; factor += 0x200) {
        std::array<std::uint8_t, kSets> names{};
        bool fits = true;
        for (const Name& name : kNames) fits = fits && ++names[set_of(name, factor)] <= 2;
        if (fits) return factor;
    }
    return 0;
}

inline constexpr std::uint32_t kFactor = find_factor();
static_assert(kFactor != 0, "too many names for these sets");

consteval std::array<Set, kSets> make_table() {
    std::array<Set, kSets> table{};
    for (const Name& name : kNames) {
        Set& set = table[set_of(name, kFactor)];
        (set[0].name.length == 0 ? set[0] : set[1]) = entry_of(name);
    }
    return table;
}

inline constexpr std::array<Set, kSets> kTable = make_table();

/// The name at the front of kNameBytes; null when it is none of these.
[[nodiscard]] inline const KnownName* look_up(const char* bytes) noexcept {
    std::uint32_t front = 0;
    std::memcpy(&front, bytes, sizeof front);
    const Set& set = kTable[set_of(front, kFactor)];
    if (set[0].is(bytes)) [[likely]]
        return &set[0].name;
    return set[1].is(bytes) ? &set[1].name : nullptr;
}

}  // namespace detail

/// The name of a header line, when letters and hyphens and at once the colon stand there, as nearly everybody
/// writes it; `other` when it is none of the known ones. Length 0: anything else, such as a compact form. No
/// line ends within the length. Reads no byte from `end` on.
[[nodiscard]] inline KnownName plain_name(const char* line, const char* end) noexcept {
    if (end - line >= static_cast<std::ptrdiff_t>(kNameBytes)) [[likely]] {
        if (const KnownName* known = detail::look_up(line)) [[likely]]
            return *known;
    } else {
        detail::Bytes bytes{};
        std::copy(line, end, bytes.begin());
        if (const KnownName* known = detail::look_up(bytes.data())) return *known;
    }
    const char* const colon = find_name_end(line, end);
    const std::ptrdiff_t length = colon - line + 1;
    if (colon == end || *colon != ':' || length <= 2 || length > 0xff) return {};
    return {HeaderId::other, static_cast<std::uint8_t>(length)};
}

}  // namespace sipsteer
