#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>
#include <string_view>

#include "parser/chars.hpp"
#include "parser/header_id.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

/// The table of the long header names, for those who look one up for every line.
namespace sipsteer {

/// The portable twin of `find_name_end`.
[[nodiscard]] inline const char* find_name_end_portable(const char* at, const char* end) noexcept {
    while (at != end && (*at == '-' || (to_lower(*at) >= 'a' && to_lower(*at) <= 'z'))) ++at;
    return at;
}

/// The first byte in [at, end) that is no letter and no hyphen, or `end`: nearly every header name is made of
/// these alone.
[[nodiscard]] inline const char* find_name_end(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    while (end - at >= 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i place = _mm_sub_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), _mm_set1_epi8('a'));
        const __m128i letter = _mm_cmpeq_epi8(_mm_min_epu8(place, _mm_set1_epi8(25)), place);
        const __m128i hyphen = _mm_cmpeq_epi8(bytes, _mm_set1_epi8('-'));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(letter, hyphen)));
        if (mask != 0xffff) return at + std::countr_one(mask);
        at += 16;
    }
#endif
    return find_name_end_portable(at, end);
}

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
    // Opaque, but they stand in most messages: known, they cost as little as the others.
    {"accept:", HeaderId::other},
    {"allow:", HeaderId::other},
    {"date:", HeaderId::other},
    {"event:", HeaderId::other},
    {"reason:", HeaderId::other},
    {"server:", HeaderId::other},
    {"user-agent:", HeaderId::other},
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

/// What tells the names apart, of their first eight bytes: the first three letters without their case (the
/// shortest name has two and its colon), and one bit behind them, for Contact and Content-Length.
inline constexpr std::uint64_t kTelling = 0x04'00'dfdfdf;
inline constexpr unsigned kSlotBits = 7;
inline constexpr std::size_t kSlots = std::size_t{1} << kSlotBits;

constexpr std::size_t slot_of(std::uint64_t front, std::uint64_t factor) {
    static_assert(std::endian::native == std::endian::little);
    return (front & kTelling) * factor >> (64 - kSlotBits);
}

/// Where the name is looked for when that bit is as in `behind`, should it not belong to the name.
constexpr std::size_t slot_of(const Name& name, std::uint64_t behind, std::uint64_t factor) {
    std::uint64_t front = 0;
    for (std::size_t i = 0; i < 8; ++i) {
        const std::uint64_t byte =
            i < name.text.size() ? static_cast<unsigned char>(name.text.data()[i]) : behind >> (8 * i) & 0xff;
        front |= byte << (8 * i);
    }
    return slot_of(front, factor);
}

inline constexpr std::uint64_t kEitherWay[] = {0, kTelling};

consteval bool tells_apart(std::uint64_t factor) {
    std::array<std::size_t, kSlots> names{};  // the number of the name there, from 1; 0: none
    for (std::size_t name = 1; name <= std::size(kNames); ++name) {
        for (const std::uint64_t behind : kEitherWay) {
            std::size_t& taken = names[slot_of(kNames[name - 1], behind, factor)];
            if (taken != 0 && taken != name) return false;
            taken = name;
        }
    }
    return true;
}

/// A factor by which no two names meet in a slot: with so many slots one of the first hundred does, which is
/// within what compilers evaluate.
consteval std::uint64_t find_factor() {
    for (std::uint64_t factor = 1; factor < 1000; ++factor) {
        if (tells_apart(factor * 0x9e3779b97f4a7c15)) return factor * 0x9e3779b97f4a7c15;
    }
    return 0;
}

inline constexpr std::uint64_t kFactor = find_factor();
static_assert(kFactor != 0, "too many names for these slots");

consteval std::array<Entry, kSlots> make_table() {
    std::array<Entry, kSlots> table{};
    for (const Name& name : kNames) {
        for (const std::uint64_t behind : kEitherWay) table[slot_of(name, behind, kFactor)] = entry_of(name);
    }
    return table;
}

inline constexpr std::array<Entry, kSlots> kTable = make_table();

/// The name at the front of kNameBytes; null when it is none of these.
[[nodiscard]] inline const KnownName* look_up(const char* bytes) noexcept {
    std::uint64_t front = 0;
    std::memcpy(&front, bytes, sizeof front);
    const Entry& entry = kTable.data()[slot_of(front, kFactor)];
    return entry.is(bytes) ? &entry.name : nullptr;
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
