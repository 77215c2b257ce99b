#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/chars.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sipsteer {

/// The portable twin of `find_control`.
[[nodiscard]] inline const char* find_control_portable(const char* at, const char* end) noexcept {
    while (at != end && static_cast<unsigned char>(*at) > '\r') ++at;
    return at;
}

/// The first byte of 0x00 to 0x0d in [at, end), or `end`. CR, LF and NUL are among them: what ends a header
/// line or may not stand in one (RFC 3261 §7.3, §25.1). So one comparison finds them all. Tabs and stray
/// controls are rare: is_line_break() tells them apart.
[[nodiscard]] inline const char* find_control(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    const auto controls = [](const char* block) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block));
        const __m128i cr = _mm_set1_epi8('\r');
        return static_cast<unsigned>(_mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(bytes, cr), cr)));
    };
    if (end - at >= 32) {
        const char* const last = end - 32;
        do {
            if (const unsigned mask = controls(at)) return at + std::countr_zero(mask);
            if (const unsigned mask = controls(at + 16)) return at + 16 + std::countr_zero(mask);
            at += 32;
        } while (at <= last);
    }
#endif
    return find_control_portable(at, end);
}

/// The first CR, LF or NUL in [at, end), or `end`.
[[nodiscard]] inline const char* find_line_break(const char* at, const char* end) noexcept {
    at = find_control(at, end);
    while (at != end && !is_line_break(*at)) at = find_control(at + 1, end);
    return at;
}

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

}  // namespace sipsteer
