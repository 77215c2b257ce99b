#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "parser/identifier.hpp"
#include "parser/result.hpp"
#include "parser/value_scan.hpp"

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
    /// Reads `<uri>` or `"name" <uri>`, with `;tag=value` behind it or nothing, as nearly everybody writes
    /// them: no other blanks, no escapes. False, and nothing is set, when it is anything else: then read().
    [[nodiscard]] inline bool read_usual(std::string_view header) noexcept;

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

inline bool NameAddr::read_usual(std::string_view header) noexcept {
    const char* const begin = header.data();
    const char* const end = begin + header.size();
    const char* at = begin;
    if (at != end && *at == '"') {
        at = find_quoted_end(begin, at + 1, end);
        if (end - at < 2 || *at != '"') return false;
        at += at[1] == ' ' ? 2 : 1;
    }
    if (end - at < 3 || *at != '<') return false;
    const char* const uri_begin = at + 1;
    const char* const uri_end = find_uri_end(begin, uri_begin, end);
    if (uri_end == uri_begin || uri_end == end || *uri_end != '>') return false;
    const char* const behind = uri_end + 1;
    if (behind != end) {
        constexpr std::string_view kTag = ";tag=";
        const char* const value = behind + kTag.size();
        if (end - behind <= static_cast<std::ptrdiff_t>(kTag.size()) ||
            std::memcmp(behind, kTag.data(), kTag.size()) != 0 || find_value_end(begin, value, end) != end) {
            return false;
        }
        first_tag = {value, static_cast<std::size_t>(end - value)};
        tag_count = 1;
        parameters = {behind, static_cast<std::size_t>(end - behind)};
    }
    bracketed = true;
    uri = {uri_begin, static_cast<std::size_t>(uri_end - uri_begin)};
    whole = header;
    return true;
}

}  // namespace sipsteer
