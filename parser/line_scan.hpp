#pragma once

#include <bit>
#include <cstdint>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sipsteer {

/// The portable twin of `find_line_break`, byte by byte.
[[nodiscard]] inline const char* find_line_break_portable(const char* at, const char* end) noexcept {
    while (at != end && *at != '\r' && *at != '\n' && *at != '\0') ++at;
    return at;
}

/// The first CR, LF or NUL in [at, end), or `end`. These are the only bytes that decide where a
/// header line ends or that may not stand in one (RFC 3261 §7.3, §25.1).
[[nodiscard]] inline const char* find_line_break(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    const __m128i cr = _mm_set1_epi8('\r');
    const __m128i lf = _mm_set1_epi8('\n');
    const __m128i nul = _mm_setzero_si128();
    while (end - at >= 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const __m128i hit = _mm_or_si128(_mm_or_si128(_mm_cmpeq_epi8(bytes, cr), _mm_cmpeq_epi8(bytes, lf)),
                                         _mm_cmpeq_epi8(bytes, nul));
        const auto mask = static_cast<std::uint32_t>(_mm_movemask_epi8(hit));
        if (mask != 0) return at + std::countr_zero(mask);
        at += 16;
    }
#endif
    return find_line_break_portable(at, end);
}

}  // namespace sipsteer
