#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace sipsteer {

/// The config file that is used when none is named.
inline constexpr const char* kDefaultConfigFile = "/etc/sipsteer/sipsteer.toml";

/// From a file, or from flags when `servers` is not empty; never both.
struct RunCommand {
    std::string file;
    std::vector<std::string> listen;
    std::vector<std::string> servers;
};
struct CheckCommand {
    std::string file;
    bool json = false;
};
/// The message is on standard input. `from`: where it came from, empty: not said.
struct ExplainCommand {
    std::string file;
    std::string from;
    bool json = false;
};
struct ConfigCommand {
    bool schema = false;  ///< else the commented default file
};
struct ImportKamailioCommand {
    std::string file;
    std::optional<std::uint32_t> set;
};
struct VersionCommand {};

/// Nothing to do but to print `text` and end: help (`status` 0, standard output) or a wrong command
/// line (`status` 2, standard error).
struct UsageCommand {
    int status = 0;
    std::string text;
};

using Command = std::variant<RunCommand, CheckCommand, ExplainCommand, ConfigCommand, ImportKamailioCommand,
                             VersionCommand, UsageCommand>;

/// Reads the command line of `sipsteer`. Touches no file and ends no process.
[[nodiscard]] Command parse_command_line(int argc, const char* const* argv);

}  // namespace sipsteer
