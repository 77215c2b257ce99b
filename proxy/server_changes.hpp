#pragma once

#include <string>
#include <vector>

#include "routing/server_set.hpp"

namespace sipsteer {

/// What a reload changes in the servers, a line each, for operators: `+ pbx-3`, `- pbx-2`, `pbx-1 weight 10
/// -> 5`. Servers are the same when they have the same name.
[[nodiscard]] std::vector<std::string> server_changes(const ServerSet& before, const ServerSet& after);

}  // namespace sipsteer
