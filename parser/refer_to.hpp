#pragma once

#include <span>
#include <string_view>

#include "parser/replaces.hpp"
#include "parser/result.hpp"

namespace sipsteer {

/// The dialog that the URI of a Refer-To header names (RFC 3891 §4, RFC 5589 §7): the `Replaces`
/// among its URI headers, unescaped into `scratch`, which the views of the result point into.
/// Takes what phones really write: lower-case escapes, a bare `;` or `=` where an escape belongs,
/// `Replaces=` in any case and place, the URI with or without angle brackets.
/// Errors: bad_name_addr, bad_uri, bad_replaces (none there, or broken), value_too_long (`scratch`).
[[nodiscard]] Result<Replaces> parse_refer_to_replaces(std::string_view header,
                                                       std::span<char> scratch) noexcept;

}  // namespace sipsteer
