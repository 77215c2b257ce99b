#pragma once

#include "proxy/config.hpp"
#include "proxy/config_error.hpp"

namespace sipsteer {

/// Reads the file of `dispatcher.list` and appends its destinations to the servers. What stands wrong
/// there is noted at `dispatcher.list`. Makes the path relative to the configuration's.
void add_dispatcher_servers(Config& config, ConfigIssues& issues);

}  // namespace sipsteer
