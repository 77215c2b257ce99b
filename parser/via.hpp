#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/cursor.hpp"
#include "parser/result.hpp"

namespace sipsteer {

/// The first value of a Via header (RFC 3261 §20.42). All views point into the parsed bytes.
struct ViaView {
    std::string_view value;      ///< this value alone, without blanks around it
    std::string_view transport;  ///< token as written: UDP, tls, ...
    std::string_view host;       ///< sent-by host as written, IPv6 with its brackets
    std::uint16_t port = 0;      ///< sent-by port, 0 when there is none
    std::string_view branch;     ///< empty when there is none
    std::string_view maddr;
    std::string_view received;
    std::string_view rport;  ///< its value; empty when without value or absent
    bool has_rport = false;
    std::string_view received_whole;  ///< `;received=...` from its semicolon on, for replacing it
    std::string_view rport_whole;
    bool source_repeats = false;  ///< one of the two stands there again
    std::string_view parameters;  ///< from the first semicolon on; starts at the end of sent-by
    std::string_view rest;        ///< what follows the comma; empty when this is the last value

    /// Parses the first value of `header`, a whole Via header value. Later values are not looked at.
    /// Errors: bad_via, value_too_long (branch).
    [[nodiscard]] static Result<ViaView> parse(std::string_view header) noexcept;
    /// The same into this object, which is fresh: nothing is copied.
    [[nodiscard]] Result<void> read(std::string_view header) noexcept;
};

/// Takes what next_parameter() has just refused when it is `received=` or `rport=` with nothing behind.
[[nodiscard]] bool take_empty_source(const Cursor& cursor, Parameter& parameter, bool& ok) noexcept;

/// As next_parameter, but those two are taken without a value as well: whoever forwards the request writes
/// them anew.
[[nodiscard]] inline bool next_via_parameter(Cursor& cursor, Parameter& parameter, bool& ok) noexcept {
    return next_parameter(cursor, parameter, ok) || (!ok && take_empty_source(cursor, parameter, ok));
}

}  // namespace sipsteer
