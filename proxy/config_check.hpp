#pragma once

#include "proxy/config.hpp"
#include "proxy/config_error.hpp"

namespace sipsteer {

/// Checks what a single key's type cannot tell and fills the derived fields. Each notes what it finds
/// and goes on. Order matters: routes and transfer need listeners and servers.
void check_listeners(Config& config, ConfigIssues& issues);
void check_servers(Config& config, ConfigIssues& issues);
void check_routing(Config& config, ConfigIssues& issues);
void check_transfer(Config& config, ConfigIssues& issues);
/// Makes relative paths relative to the config file's directory and looks whether the files exist.
void check_files(Config& config, ConfigIssues& issues);
void check_cluster(const Config& config, ConfigIssues& issues);

/// All of the above.
void check_config(Config& config, ConfigIssues& issues);

/// What is wrong with a destination of that transport: there is no listener of that kind, by which answers
/// could come back. Empty: nothing.
[[nodiscard]] std::string cannot_reach(const Config& config, Config::Transport transport);

/// Names are label values, words of commands and fallback destinations: no blanks, colons, slashes.
inline constexpr std::size_t kLongestServerName = 64;

/// Index of the first server of that name, or npos.
[[nodiscard]] std::size_t find_server(const Config& config, std::string_view name);
[[nodiscard]] bool has_group(const Config& config, std::string_view group);

}  // namespace sipsteer
