#pragma once

#include <optional>
#include <string_view>

#include "tests/oracle/fields.hpp"

namespace sipsteer::oracle {

/// What each parser reads of a datagram; nothing when it refuses the message.
[[nodiscard]] std::optional<Fields> our_voice(std::string_view datagram);
[[nodiscard]] std::optional<Fields> sofia_voice(std::string_view datagram);

}  // namespace sipsteer::oracle
