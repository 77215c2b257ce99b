#pragma once

#include <vector>

#include "proxy/config.hpp"
#include "proxy/host_lookup.hpp"

namespace sipsteer {

/// What DNS is asked for a server's uri.
[[nodiscard]] HostName host_name(const Config::Server& server);

/// The servers that a `[[server]]` with `expand = "srv"` stands for: one for each target, by name, with a uri
/// of its own (and so an id that stays), the weight of the record, and `backup` where another target has a
/// lower priority value. All else is as written. A name is what tells a target from the name that was asked
/// for: of `pbx.example.com`, `pbx-3.example.com` is `pbx-3`, and so is `pbx-3.pbx.example.com`.
[[nodiscard]] std::vector<Config::Server> srv_servers(const Config::Server& entry,
                                                      const std::vector<HostTarget>& targets);

}  // namespace sipsteer
