#pragma once

#include "proxy/config.hpp"
#include "proxy/config_error.hpp"

namespace sipsteer {

/// Reads the file of `dispatcher.list` and appends its destinations to the servers. What stands wrong
/// there is noted at `dispatcher.list`, with its line: an error where a server would be missing or
/// not as it was meant, else a warning. Makes the path relative to the configuration's.
void add_dispatcher_servers(Config& config, ConfigIssues& issues);

}  // namespace sipsteer
