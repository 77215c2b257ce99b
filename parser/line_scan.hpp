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

/// A bit for each of the `size` bytes at `at` (at most 64), the first one lowest: set for 0x00 to 0x0d. The
/// portable twin of `control_mask`.
[[nodiscard]] inline std::uint64_t control_mask_portable(const char* at, std::size_t size) noexcept {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < size; ++i) {
        if (static_cast<unsigned char>(at[i]) <= '\r') mask |= std::uint64_t{1} << i;
    }
    return mask;
}

/// The same for 64 bytes at once. CR is the largest of the bytes that can end a header line or may not
/// stand in one, so one comparison finds them all; tabs and stray controls among them are told apart later.
[[nodiscard]] inline std::uint64_t control_mask(const char* at) noexcept {
#if defined(__SSE2__)
    const __m128i cr = _mm_set1_epi8('\r');
    std::uint64_t mask = 0;
    for (unsigned part = 0; part < 4; ++part) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at + 16 * part));
        const __m128i hit = _mm_cmpeq_epi8(_mm_min_epu8(bytes, cr), bytes);
        mask |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm_movemask_epi8(hit))) << 16 * part;
    }
    return mask;
#else
    return control_mask_portable(at, 64);
#endif
}

/// Walks over the CRs, LFs and NULs of a text: the only bytes that decide where a header line ends or
/// that may not stand in one (RFC 3261 §7.3, §25.1). Each byte is looked at once, 64 at a time.
class LineBreaks {
  public:
    explicit LineBreaks(std::string_view text) noexcept
        : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {
        load();
    }

    /// The next of them, or the end of the text when there is none left.
    [[nodiscard]] const char* next() noexcept {
        for (;;) {
            while (mask_ == 0) {
                if (static_cast<std::size_t>(end_ - at_) <= kBlock) return end_;
                at_ += kBlock;
                load();
            }
            const char* const found = at_ + std::countr_zero(mask_);
            mask_ &= mask_ - 1;
            if (*found == '\r' || *found == '\n' || *found == '\0') [[likely]]
                return found;
        }
    }

    /// Passes over the LF of a CRLF whose CR next() has just found.
    void skip_line_feed() noexcept {
        if (mask_ == 0) {
            at_ += kBlock;
            load();
        }
        mask_ &= mask_ - 1;
    }

  private:
    static constexpr std::size_t kBlock = 64;

    void load() noexcept {
        const auto left = static_cast<std::size_t>(end_ - at_);
        if (left >= kBlock) {
            mask_ = control_mask(at_);
        } else if (left != 0 && at_ != begin_) {
            mask_ = control_mask(end_ - kBlock) >>
                    (kBlock - left);  // the last whole block, seen bytes shifted out
        } else {
            mask_ = control_mask_portable(at_, left);
        }
    }

    const char* begin_;
    const char* at_;
    const char* end_;
    std::uint64_t mask_ = 0;
};

/// The end of the run of characters of `classes`. The portable twin of `find_uri_end` and `find_value_end`.
[[nodiscard]] inline const char* find_end_portable(const char* at, const char* end,
                                                   std::uint8_t classes) noexcept {
    while (at != end && is(*at, classes)) ++at;
    return at;
}

namespace detail {

/// 16 bytes at a time; `separators`: semicolon and comma end the run too.
template <bool separators>
[[nodiscard]] inline const char* find_uri_or_value_end(const char* at, const char* end) noexcept {
#if defined(__SSE2__)
    while (end - at >= 16) {
        const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(at));
        const auto is_byte = [bytes](char c) { return _mm_cmpeq_epi8(bytes, _mm_set1_epi8(c)); };
        __m128i ends = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8(0x20)), bytes);
        // Bit 0x02 makes a `>` of `<`, and of nothing else.
        ends =
            _mm_or_si128(ends, _mm_cmpeq_epi8(_mm_or_si128(bytes, _mm_set1_epi8(0x02)), _mm_set1_epi8('>')));
        ends = _mm_or_si128(ends, _mm_or_si128(is_byte('"'), is_byte(0x7f)));
        if constexpr (separators) ends = _mm_or_si128(ends, _mm_or_si128(is_byte(';'), is_byte(',')));
        const auto mask = static_cast<unsigned>(_mm_movemask_epi8(ends));
        if (mask != 0) return at + std::countr_zero(mask);
        at += 16;
    }
#endif
    return find_end_portable(at, end, separators ? kValue : kUri);
}

}  // namespace detail

/// The first byte in [at, end) that is no `kUri`, or `end`.
[[nodiscard]] inline const char* find_uri_end(const char* at, const char* end) noexcept {
    return detail::find_uri_or_value_end<false>(at, end);
}

/// The first byte in [at, end) that is no `kValue`, or `end`.
[[nodiscard]] inline const char* find_value_end(const char* at, const char* end) noexcept {
    return detail::find_uri_or_value_end<true>(at, end);
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
