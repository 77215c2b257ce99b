#pragma once

#include <span>
#include <string>
#include <string_view>

namespace sipsteer {

/// The word nearest to `text` when it is near enough to be a slip of the fingers (edit distance with
/// swaps, at most a third of the length, case and `-`/`_` ignored); else empty. A view into `words`.
[[nodiscard]] std::string_view nearest_word(std::string_view text, std::span<const std::string_view> words);

/// `; did you mean "word"?`, or nothing when no word is near.
[[nodiscard]] std::string did_you_mean(std::string_view text, std::span<const std::string_view> words);

}  // namespace sipsteer
