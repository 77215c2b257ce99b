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

/// The bytes of 0x00 to 0x0d in a text, found for a whole block before the first of them is asked for. CR, LF
/// and NUL are among them: what ends a header line or may not stand in one (RFC 3261 §7.3, §25.1). So one
/// comparison finds them all; tabs and stray controls are rare, and is_line_break() tells them apart.
class Controls {
  public:
    explicit Controls(std::string_view text) noexcept
        : next_block_(text.data()), end_(text.data() + text.size()) {
        if (text.size() >= kBlock) {
            (void)take_block();
        } else {
            mask_ = mask_portable(text);
            next_block_ = end_;
        }
    }

    /// The first one from `at` on, or the end. `at` is behind the last result.
    [[nodiscard]] const char* next(const char* at) noexcept {
        for (;;) {
            while (mask_ == 0) {
                if (!take_block()) return end_;
            }
            const char* const found = next_block_ + static_cast<unsigned>(std::countr_zero(mask_)) - kBlock;
            mask_ &= mask_ - 1;
            if (found >= at) [[likely]]
                return found;
        }
    }

    /// The same for CR, LF and NUL alone.
    [[nodiscard]] const char* next_break(const char* at) noexcept {
        at = next(at);
        while (at != end_ && !is_line_break(*at)) at = next(at + 1);
        return at;
    }

    /// Leaves out what stands right behind the last result, a LF as a rule: so it is found no more.
    void pass_pair() noexcept { mask_ &= mask_ - 1; }

    static constexpr std::size_t kBlock = 64;

    /// A bit for each byte of `text`, at most a block, that is a control: the last byte has the highest. The
    /// portable twin of `mask_of`.
    [[nodiscard]] static std::uint64_t mask_portable(std::string_view text) noexcept {
        std::uint64_t mask = 0;
        std::size_t bit = kBlock - text.size();
        for (const char c : text) mask |= std::uint64_t{static_cast<unsigned char>(c) <= '\r'} << bit++;
        return mask;
    }

    /// The same for a whole block.
    [[nodiscard]] static std::uint64_t mask_of(const char* block) noexcept {
#if defined(__SSE2__)
        const auto controls = [block](std::size_t place) {
            const __m128i bytes = _mm_loadu_si128(reinterpret_cast<const __m128i*>(block + place));
            const __m128i cr = _mm_set1_epi8('\r');
            const int mask = _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_max_epu8(bytes, cr), cr));
            return std::uint64_t{static_cast<std::uint32_t>(mask)} << place;
        };
        return controls(0) | controls(16) | controls(32) | controls(48);
#else
        return mask_portable({block, kBlock});
#endif
    }

  private:
    /// False at the end. What is left there is the upper part of a whole block.
    [[nodiscard]] bool take_block() noexcept {
        const auto left = static_cast<std::size_t>(end_ - next_block_);
        if (left >= kBlock) [[likely]] {
            mask_ = mask_of(next_block_);
            next_block_ += kBlock;
            return true;
        }
        if (left == 0) return false;
        mask_ = mask_of(end_ - kBlock) & ~std::uint64_t{0} << (kBlock - left);
        next_block_ = end_;
        return true;
    }

    const char* next_block_;  ///< behind the block of the mask
    const char* end_;
    std::uint64_t mask_ = 0;  ///< of that block, what has been found left out
};

}  // namespace sipsteer
