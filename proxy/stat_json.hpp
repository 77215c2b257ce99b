#pragma once

#include <string>

#include "proxy/stat_history.hpp"
#include "routing/server_set.hpp"

namespace sipsteer {

/// The body of `/api/v1/statistics`: totals, and the samples behind sequence number `since` as one array
/// for each figure, oldest first. Reasons that nothing had are left out, both of totals and of samples; a
/// server has the zero where it was not there yet. Documented in deploy/openapi.yaml.
[[nodiscard]] std::string statistics_json(const StatHistory& history, const ServerSet& servers,
                                          std::uint64_t since);

}  // namespace sipsteer
