#pragma once

#include <cstdint>
#include <string_view>

#include "parser/identifier.hpp"
#include "parser/result.hpp"

namespace sipsteer {

/// One value of From, To, Contact, Route, Record-Route or Refer-To (RFC 3261 §20.10, §25.1):
/// `"display" <uri>;params` or `uri;params`. The URI is not parsed here: its scheme may be any.
struct NameAddr {
    std::string_view whole;       ///< this value without blanks around it
    std::string_view uri;         ///< without angle brackets
    std::string_view parameters;  ///< header parameters, from the first semicolon on
    bool bracketed = false;
    std::string_view rest;  ///< what follows the comma; empty when this is the last value

    /// Parses the first value of `header`. Without angle brackets, `;` and `?` end the URI.
    /// Errors: bad_name_addr (unbalanced quotes or brackets, no URI, junk behind it).
    [[nodiscard]] static Result<NameAddr> parse(std::string_view header) noexcept;
    /// The same into this object, which is fresh: nothing is copied.
    [[nodiscard]] Result<void> read(std::string_view header) noexcept;

    /// The tag parameter; empty when there is none. Errors: bad_name_addr (empty or second tag),
    /// value_too_long.
    [[nodiscard]] Result<std::string_view> tag() const noexcept {
        if (tag_count > 1 || (tag_count == 1 && first_tag.empty())) return Failure(ParseError::bad_name_addr);
        if (first_tag.size() > kMaxIdentifier) return Failure(ParseError::value_too_long);
        return first_tag;
    }

    std::string_view first_tag;  ///< value of the first tag parameter
    std::uint32_t tag_count = 0;
};

}  // namespace sipsteer
