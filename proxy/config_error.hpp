#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "proxy/config.hpp"

namespace sipsteer {

/// Something wrong, or worth a warning, in a configuration.
struct ConfigError {
    std::string file;
    Config::Position position;
    std::string key;  ///< `section.key`, without the index of a `[[section]]`
    std::string message;
};

/// `file:line:col: key: message`; without `line:col` when the value did not come from a file.
[[nodiscard]] std::string to_string(const ConfigError& error);

/// All errors and warnings of one load, found in one pass. A path is written as in
/// `Config::positions`; it gives the place, or that of the nearest thing around it that has one.
class ConfigIssues {
  public:
    explicit ConfigIssues(const Config& config) : config_(config) {}
    /// Goes on with what has been found before.
    ConfigIssues(const Config& config, std::vector<ConfigError> errors, std::vector<ConfigError> warnings)
        : config_(config), errors_(std::move(errors)), warnings_(std::move(warnings)) {}

    void error(std::string_view path, std::string message);
    void error_at(Config::Position position, std::string_view path, std::string message);
    void warning(std::string_view path, std::string message);

    /// True when an error was noted for `section` itself or one of its keys.
    [[nodiscard]] bool has_error_in(std::string_view section) const;

    /// Both lists in order of their places; the object is empty afterwards.
    [[nodiscard]] std::vector<ConfigError> take_errors();
    [[nodiscard]] std::vector<ConfigError> take_warnings();

  private:
    [[nodiscard]] ConfigError make(Config::Position position, std::string_view path,
                                   std::string message) const;
    [[nodiscard]] Config::Position locate(std::string_view path) const;

    const Config& config_;
    std::vector<ConfigError> errors_;
    std::vector<ConfigError> warnings_;
};

/// `text` in double quotes for a message: control bytes escaped, cut after 80 bytes.
[[nodiscard]] std::string in_quotes(std::string_view text);

}  // namespace sipsteer
