#pragma once

#include <string>
#include <string_view>

#include "proxy/control_command_line.hpp"

namespace sipsteer {

/// One traced message, a JSON object of /api/v1/trace/, for people: a line with the time (UTC), the way, the
/// outcome and the reason, then the message itself, indented. Empty: the JSON is something else.
[[nodiscard]] std::string trace_text(std::string_view message);

/// `sipsteerctl trace`: prints what passes until the time is over. The exit status: 3 when nothing came.
[[nodiscard]] int run_trace(const ControlCommand& command, const std::string& socket);

}  // namespace sipsteer
