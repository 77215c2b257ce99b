#pragma once

#include <string>
#include <vector>

#include "proxy/config.hpp"

namespace sipsteer {

/// What a reload changes outside of `[[server]]`, a line each, for operators: `transfer.unmatched "fallback"
/// -> "reject"`, `process.drain 30s -> 3s (needs a restart)`, `+ [[route]] group = "night"`. Keys that do not
/// reload are compared with `started`, which the process runs with, and so are told again until the restart.
/// What is secret is not shown.
[[nodiscard]] std::vector<std::string> config_changes(const Config& started, const Config& before,
                                                      const Config& after);

}  // namespace sipsteer
