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

/// The front of a header line as two words.
struct Words {
    std::uint64_t first = 0;
    std::uint64_t second = 0;

    [[nodiscard]] static Words of(const char* bytes) noexcept {
        Words words;
        std::memcpy(&words.first, bytes, sizeof words.first);
        std::memcpy(&words.second, bytes + sizeof words.first, sizeof words.second);
        return words;
    }
};

/// A name. Set in `mask`: bit 0x20 of each letter, which lowers it and makes no other byte a letter, and
/// whatever stands behind the colon. So `(bytes | mask) == word` compares all at once.
struct alignas(64) Entry {
    Words word;
    Words mask;
    KnownName name;

    [[nodiscard]] bool is(const Words& bytes) const noexcept {
        return (((bytes.first | mask.first) ^ word.first) | ((bytes.second | mask.second) ^ word.second)) ==
               0;
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
    return {std::bit_cast<Words>(word),
            std::bit_cast<Words>(mask),
            {name.id, static_cast<std::uint8_t>(name.text.size())}};
}

/// Two names may meet in a set: Contact and Content-Length, whose first letters are the same.
inline constexpr std::size_t kSets = 32;
using Set = std::array<Entry, 2>;

/// By the first three letters: the shortest name has two and its colon. What stands behind them falls out at
/// the upper end, as the factor ends in eight zero bits.
constexpr std::size_t set_of(std::uint64_t first_word, std::uint32_t factor) {
    static_assert(std::endian::native == std::endian::little);
    return (static_cast<std::uint32_t>(first_word) | 0x202020U) * factor >> 27;
}

constexpr std::size_t set_of(const Name& name, std::uint32_t factor) {
    std::uint64_t letters = 0;
    for (std::size_t i = 0; i < 3; ++i)
        letters |= std::uint64_t{static_cast<unsigned char>(name.text.data()[i])} << (8 * i);
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

/// Null: none of the names.
[[nodiscard]] inline const KnownName* look_up(const Words& words) noexcept {
    const Set& set = kTable[set_of(words.first, kFactor)];
    if (set[0].is(words)) [[likely]]
        return &set[0].name;
    return set[1].is(words) ? &set[1].name : nullptr;
}

}  // namespace detail

/// The name of a header line, when letters and hyphens and at once the colon stand there, as nearly everybody
/// writes it; `other` when it is none of the known ones. Length 0: anything else, such as a compact form. No
/// line ends within the length. Reads no byte from `end` on.
[[nodiscard]] inline KnownName plain_name(const char* line, const char* end) noexcept {
    if (end - line >= static_cast<std::ptrdiff_t>(kNameBytes)) [[likely]] {
        if (const KnownName* known = detail::look_up(detail::Words::of(line))) [[likely]]
            return *known;
    } else {
        detail::Bytes bytes{};
        std::copy(line, end, bytes.begin());
        if (const KnownName* known = detail::look_up(detail::Words::of(bytes.data()))) return *known;
    }
    const char* const colon = find_name_end(line, end);
    const std::ptrdiff_t length = colon - line + 1;
    if (colon == end || *colon != ':' || length <= 2 || length > 0xff) return {};
    return {HeaderId::other, static_cast<std::uint8_t>(length)};
}

}  // namespace sipsteer
