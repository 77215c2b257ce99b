#pragma once

#include <string_view>

#include "parser/result.hpp"

namespace sipsteer {

/// The value of Replaces (RFC 3891 §6.1) or Join (RFC 3911 §7.1): a dialog at its receiver. Views
/// point into the parsed bytes.
struct Replaces {
    std::string_view call_id;
    std::string_view to_tag;    ///< local tag of the receiver; "0" may stand for none
    std::string_view from_tag;  ///< remote tag of the receiver
    bool early_only = false;

    /// Errors: bad_replaces (no Call-ID, a tag missing or twice, a comma, junk), value_too_long.
    [[nodiscard]] static Result<Replaces> parse(std::string_view value) noexcept;

    /// Target-Dialog (RFC 4538 §7): the tags are named local-tag and remote-tag, as the sender of the
    /// header sees them, so `to_tag` is the remote one. Errors as above.
    [[nodiscard]] static Result<Replaces> parse_target_dialog(std::string_view value) noexcept;
};

}  // namespace sipsteer
