#pragma once

#include <optional>

#include "parser/message_view.hpp"
#include "parser/replaces.hpp"

namespace sipsteer {

/// The existing dialog that an out-of-dialog request is about: Replaces (RFC 3891), Join (RFC 3911) or
/// Target-Dialog (RFC 4538).
struct DialogReference {
    enum class Header : std::uint8_t { replaces, join, target_dialog };
    Header header = Header::replaces;
    Replaces dialog;
};

/// The reference of `request`: Replaces and Join of an INVITE, Target-Dialog of an INVITE, REFER or
/// SUBSCRIBE; in other methods and behind a To tag they mean nothing. Two of them, or Replaces with
/// Join, is bad_replaces (RFC 3891 §3, RFC 3911 §4), never a choice of one.
[[nodiscard]] Result<std::optional<DialogReference>> dialog_reference(const MessageView& request) noexcept;

}  // namespace sipsteer
