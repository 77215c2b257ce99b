#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config.hpp"
#include "proxy/config_error.hpp"
#include "proxy/config_schema.hpp"

namespace sipsteer {

/// A configuration with everything that was found in it, in order of place. Use `config` only when
/// `errors` is empty.
struct LoadedConfig {
    Config config;
    std::vector<ConfigError> errors;
    std::vector<ConfigError> warnings;
    [[nodiscard]] bool ok() const noexcept { return errors.empty(); }
};

/// Reads, completes with the defaults and checks a TOML file: all errors in one pass, but a TOML
/// syntax error or an unreadable file alone. Blocks; reads the named files' existence, no DNS.
[[nodiscard]] LoadedConfig load_config(const std::string& file);

/// The same for text that is at hand; `file` is used in messages and as the base of relative paths.
[[nodiscard]] LoadedConfig load_config_text(std::string_view toml, const std::string& file);

/// `--listen [TRANSPORT:]IP:PORT` and `--server sip:HOST:PORT | HOST:PORT | HOST`, through the same
/// checks. Servers are named server-1, server-2, ...
[[nodiscard]] LoadedConfig config_from_flags(const std::vector<std::string>& listen,
                                             const std::vector<std::string>& servers);

/// The value of a TOML literal of the table (`initial`, `sample`, `acts_as`); none for an empty one.
/// Throws on a literal that does not fit its key: a test reads them all.
[[nodiscard]] std::optional<ConfigValue> read_literal(const KeySpec& key, std::string_view literal);

/// The defaults of all keys outside `[[sections]]`, not checked.
[[nodiscard]] Config default_config();

/// Fills the new last element of the `[[section]]` with its defaults.
void apply_defaults(Config& config, std::string_view section);

}  // namespace sipsteer
