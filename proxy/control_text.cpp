#include "proxy/control_text.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <vector>

namespace sipsteer {
namespace {

namespace json = boost::json;

std::string text_of(const json::value& value) {
    if (value.is_string()) return std::string{value.as_string()};
    if (value.is_double()) return fmt::format("{:.1f}", value.as_double());
    if (!value.is_array()) return json::serialize(value);
    std::string list;
    for (const json::value& element : value.as_array()) list += (list.empty() ? "" : ", ") + text_of(element);
    return list;
}

std::optional<json::object> object_of(std::string_view text) {
    boost::system::error_code failure;
    json::value value = json::parse({text.data(), text.size()}, failure);
    if (failure || !value.is_object()) return std::nullopt;
    return std::move(value.as_object());
}

using Rows = std::vector<std::vector<std::string>>;

/// Columns as wide as their widest cell, two blanks between them.
std::string aligned(const Rows& rows) {
    std::vector<std::size_t> widths(rows.front().size(), 0);
    for (const auto& row : rows) {
        for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
    }
    std::string text;
    for (const auto& row : rows) {
        for (std::size_t i = 0; i + 1 < row.size(); ++i) text += fmt::format("{:<{}}  ", row[i], widths[i]);
        text += row.back() + "\n";
    }
    return text;
}

std::optional<std::string> member_of(std::string_view text, std::string_view name) {
    const auto object = object_of(text);
    const json::value* member = object ? object->if_contains({name.data(), name.size()}) : nullptr;
    if (member == nullptr || !member->is_string()) return std::nullopt;
    return std::string{member->as_string()};
}

std::string lines_of(const json::array& list) {
    std::string text;
    for (const json::value& line : list) text += text_of(line) + "\n";
    return text;
}

struct Column {
    std::string_view title;
    std::string_view member;
};

/// The list `name` of the object; a member that an element lacks is "-".
std::optional<std::string> table(std::string_view text, std::string_view name,
                                 const std::vector<Column>& columns) {
    const auto object = object_of(text);
    if (!object) return std::nullopt;
    const json::value* list = object->if_contains({name.data(), name.size()});
    if (list == nullptr || !list->is_array()) return std::nullopt;
    Rows rows(1);
    for (const Column& column : columns) rows.front().emplace_back(column.title);
    for (const json::value& element : list->as_array()) {
        if (!element.is_object()) return std::nullopt;
        auto& row = rows.emplace_back();
        for (const Column& column : columns) {
            const json::value* cell =
                element.as_object().if_contains({column.member.data(), column.member.size()});
            std::string value = cell == nullptr ? "" : text_of(*cell);
            if (column.member == "up") value = value == "true" ? "up" : "DOWN";
            if (column.member == "rtt_ms" && value == "0.0") value.clear();  // none was measured
            row.push_back(value.empty() ? "-" : std::move(value));
        }
    }
    return aligned(rows);
}

}  // namespace

std::optional<std::string> status_text(std::string_view text) {
    const auto object = object_of(text);
    if (!object || object->empty()) return std::nullopt;
    Rows rows;
    for (const auto& [name, value] : *object) rows.push_back({std::string{name}, text_of(value)});
    return aligned(rows);
}

std::optional<std::string> servers_text(std::string_view text) {
    const auto servers = table(text, "servers",
                               {{"NAME", "name"},
                                {"ADDRESS", "addresses"},
                                {"GROUP", "group"},
                                {"STATE", "state"},
                                {"FROM", "state_source"},
                                {"UP", "up"},
                                {"RTT MS", "rtt_ms"},
                                {"WEIGHT", "weight"},
                                {"CALLS", "calls"},
                                {"ORIGIN", "origin"}});
    const auto leaving = table(text, "leaving",
                               {{"LEAVES WITH ITS LAST CALL", "name"},
                                {"ADDRESS", "addresses"},
                                {"UP", "up"},
                                {"CALLS", "calls"},
                                {"SETUPS", "setups"}});
    if (!servers || !leaving || leaving->find('\n') + 1 == leaving->size()) return servers;
    return *servers + "\n" + *leaving;
}

std::optional<std::string> owners_text(std::string_view text) {
    return table(
        text, "dialogs",
        {{"SERVER", "server"}, {"STATE", "state"}, {"EXPIRES IN S", "expires_in_s"}, {"SOURCE", "source"}});
}

std::optional<std::string> recent_text(std::string_view text) {
    return table(text, "calls",
                 {{"S AGO", "seen_s_ago"},
                  {"ANSWER", "status"},
                  {"SERVER", "server"},
                  {"FROM", "from"},
                  {"TO", "to"}});
}

std::optional<std::string> registrars_text(std::string_view text) {
    return table(text, "registrars", {{"SERVER", "server"}, {"EXPIRES IN S", "expires_in_s"}});
}

std::optional<std::string> version_text(std::string_view text) {
    const auto version = member_of(text, "version");
    if (!version) return std::nullopt;
    return "sipsteer     " + *version + "\n";
}

std::optional<std::string> version_json(std::string_view text) {
    const auto version = member_of(text, "version");
    if (!version) return std::nullopt;
    return json::serialize(json::object{{"sipsteerctl", SIPSTEER_VERSION}, {"sipsteer", *version}}) + "\n";
}

std::optional<std::string> state_text(std::string_view text) {
    const auto object = object_of(text);
    if (!object || !object->contains("server") || !object->contains("state") || !object->contains("calls"))
        return std::nullopt;
    return fmt::format("{} {}, {} calls\n", text_of(object->at("server")), text_of(object->at("state")),
                       text_of(object->at("calls")));
}

std::optional<std::string> reload_text(std::string_view text) {
    const auto object = object_of(text);
    const json::value* const changes = object ? object->if_contains("changes") : nullptr;
    if (changes == nullptr || !changes->is_array()) return std::nullopt;
    if (changes->as_array().empty()) return "reloaded; nothing has changed\n";
    return lines_of(changes->as_array());
}

std::string error_text(std::string_view text) {
    std::string what = member_of(text, "error").value_or(std::string{text});
    const auto object = object_of(text);
    const json::value* const errors = object ? object->if_contains("errors") : nullptr;
    if (errors != nullptr && errors->is_array()) what += "\n" + lines_of(errors->as_array());
    while (what.ends_with('\n')) what.pop_back();
    return what;
}

}  // namespace sipsteer
