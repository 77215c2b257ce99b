#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace sipsteer {

/// The API's JSON as text for people: a line for each value of /api/v1/status, a table of
/// /api/v1/servers, of /api/v1/owners/ and of /api/v1/registrars/. None: the JSON is something else.
[[nodiscard]] std::optional<std::string> status_text(std::string_view json);
[[nodiscard]] std::optional<std::string> servers_text(std::string_view json);
[[nodiscard]] std::optional<std::string> owners_text(std::string_view json);
[[nodiscard]] std::optional<std::string> registrars_text(std::string_view json);
[[nodiscard]] std::optional<std::string> recent_text(std::string_view json);

/// What came of drain, ready and maint, as a line, and of reload, a line for each change.
[[nodiscard]] std::optional<std::string> state_text(std::string_view json);
[[nodiscard]] std::optional<std::string> reload_text(std::string_view json);

/// The version that /api/v1/status tells, as a line, or beside ours as JSON. None: it tells none.
[[nodiscard]] std::optional<std::string> version_text(std::string_view json);
[[nodiscard]] std::optional<std::string> version_json(std::string_view json);

/// The `error` of an error's JSON, and its `errors`, a line each; else the whole text.
[[nodiscard]] std::string error_text(std::string_view json);

}  // namespace sipsteer
