#pragma once

#include <string>
#include <string_view>

namespace sipsteer::oracle {

/// Every %HH decoded; a half escape stays as it is.
[[nodiscard]] std::string decoded(std::string_view text);

/// Digits without leading zeros; `-` for an empty text; anything else as it is.
[[nodiscard]] std::string number(std::string_view text);

/// ASCII letters in upper case.
[[nodiscard]] std::string upper(std::string_view text);

/// `-` for an empty text.
[[nodiscard]] std::string or_dash(std::string_view text);

}  // namespace sipsteer::oracle
