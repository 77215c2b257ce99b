#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "proxy/control_command_line.hpp"

namespace sipsteer {

/// What one look shows, from the JSON of /api/v1/status, /api/v1/servers and /api/v1/statistics?seconds=60:
/// rates over the last five seconds, counts over the last minute. None: the JSON is something else.
[[nodiscard]] std::optional<std::string> top_text(std::string_view status, std::string_view servers,
                                                  std::string_view statistics);

/// `sipsteerctl top`: looks once a second until it is ended, or once. The exit status.
[[nodiscard]] int run_top(const ControlCommand& command, const std::string& socket);

}  // namespace sipsteer
