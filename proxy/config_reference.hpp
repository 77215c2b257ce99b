#pragma once

#include <string>

namespace sipsteer {

/// A TOML file with every key commented out: help, type, unit, default, whether it reloads. Lines
/// that start with `#` and no blank are keys and `[[section]]`s; uncommented they load without error.
[[nodiscard]] std::string config_default_toml();

/// JSON Schema (2020-12) of the configuration; `x-unit`, `x-reloads` and `x-available` beside the
/// standard words.
[[nodiscard]] std::string config_json_schema();

}  // namespace sipsteer
