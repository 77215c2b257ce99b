#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "parser/chars.hpp"

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sipsteer {

// Runs of characters in a header value, 16 bytes at a time. All that is assumed: [begin, end) may be read and
// `at` lies in it. The last 16 bytes are looked at once more, those before `at` left out; only where the
// whole is shorter than 16 do single bytes remain.

/// The end of the run of characters of `classes`. The portable twin of those below.
[[nodiscard]] inline const char* find_end_portable(const char* at, const char* end,
                                                   std::uint16_t classes) noexcept {
    while (at != end && is(*at, classes)) ++at;
    return at;
}

namespace detail {

#if defined(__SSE2__)
inline __m128i equal(__m128i bytes, char c) noexcept { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); }

inline __m128i between(__m128i bytes, char first, char last) noexcept {
    const __m128i place = _mm_sub_epi8(bytes, _mm_set1_epi8(first));
    return _mm_cmpeq_epi8(_mm_min_epu8(place, _mm_set1_epi8(static_cast<char>(last - first))), place);
}

/// A bit for each of the 16 bytes at `at` that is not of `classes`, the first one lowest.
template <std::uint16_t classes>
[[nodiscard]] inline unsigned ends_mask(const char* at) noexcept {
    const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
    if constexpr (classes == kHost) {
        // Bit 0x20 lowers a letter and makes no other byte one. The slash stands between dot and digits.
        const __m128i letters = between(_mm_or_si128(bytes, _mm_set1_epi8(0x20)), 'a', 'z');
        const __m128i rest = _mm_andnot_si128(equal(bytes, '/'), between(bytes, '-', '9'));
        const __m128i host = _mm_or_si128(_mm_or_si128(letters, rest), equal(bytes, '_'));
        return static_cast<unsigned>(_mm_movemask_epi8(host)) ^ 0xffffU;
    } else if constexpr (classes == kQuoted) {
        return static_cast<unsigned>(_mm_movemask_epi8(_mm_or_si128(equal(bytes, '"'), equal(bytes, '\\'))));
    } else if constexpr (classes == kSolid) {
        return static_cast<unsigned>(_mm_movemask_epi8(between(bytes, '\0', ' ')));
    } else {
        static_assert(classes == kUri || classes == kValue);
        __m128i ends = between(bytes, '\0', ' ');
        // Bit 0x02 makes a `>` of `<`, and of nothing else.
        ends = _mm_or_si128(ends, equal(_mm_or_si128(bytes, _mm_set1_epi8(0x02)), '>'));
        ends = _mm_or_si128(ends, _mm_or_si128(equal(bytes, '"'), equal(bytes, 0x7f)));
        if constexpr (classes == kValue)
            ends = _mm_or_si128(ends, _mm_or_si128(equal(bytes, ';'), equal(bytes, ',')));
        return static_cast<unsigned>(_mm_movemask_epi8(ends));
    }
}
#endif

template <std::uint16_t classes>
[[nodiscard]] inline const char* find_end(const char* begin, const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    constexpr std::ptrdiff_t kBlock = 16;
    if (end - begin >= kBlock) [[likely]] {
        for (; end - at >= kBlock; at += kBlock) {
            if (const unsigned mask = ends_mask<classes>(at); mask != 0) return at + std::countr_zero(mask);
        }
        const std::ptrdiff_t left = end - at;
        const unsigned mask = ends_mask<classes>(end - kBlock) >> (kBlock - left);
        return at + std::countr_zero(mask | 1U << left);
    }
#endif
    return find_end_portable(at, end, classes);
}

}  // namespace detail

/// The first byte in [at, end) that is no `kUri`, or `end`.
[[nodiscard]] inline const char* find_uri_end(const char* begin, const char* at, const char* end) noexcept {
    return detail::find_end<kUri>(begin, at, end);
}
[[nodiscard]] inline const char* find_uri_end(const char* at, const char* end) noexcept {
    return find_uri_end(at, at, end);
}

/// The first byte in [at, end) that is no `kValue`, or `end`.
[[nodiscard]] inline const char* find_value_end(const char* begin, const char* at, const char* end) noexcept {
    return detail::find_end<kValue>(begin, at, end);
}

/// The first byte in [at, end) that is no `kQuoted`, or `end`.
[[nodiscard]] inline const char* find_quoted_end(const char* begin, const char* at,
                                                 const char* end) noexcept {
    return detail::find_end<kQuoted>(begin, at, end);
}

/// The first byte in [at, end) that is no `kSolid`, or `end`.
[[nodiscard]] inline const char* find_solid_end(const char* at, const char* end) noexcept {
    return detail::find_end<kSolid>(at, at, end);
}

/// The first byte in [at, end) that is no `kHost`, or `end`.
[[nodiscard]] inline const char* find_host_end(const char* begin, const char* at, const char* end) noexcept {
    return detail::find_end<kHost>(begin, at, end);
}

}  // namespace sipsteer
