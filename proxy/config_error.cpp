#include "proxy/config_error.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

namespace sipsteer {
namespace {

std::vector<ConfigError> take_sorted(std::vector<ConfigError>& list) {
    std::stable_sort(list.begin(), list.end(), [](const ConfigError& a, const ConfigError& b) {
        return std::tie(a.position.line, a.position.column) < std::tie(b.position.line, b.position.column);
    });
    return std::exchange(list, {});
}

/// `server[1].uri` is shown as `server.uri`: the place tells which one.
std::string without_index(std::string_view path) {
    std::string shown;
    bool inside = false;
    for (const char c : path) {
        if (c == '[') inside = true;
        if (!inside) shown += c;
        if (c == ']') inside = false;
    }
    return shown;
}

}  // namespace

std::string to_string(const ConfigError& error) {
    if (error.position.line == 0) return fmt::format("{}: {}: {}", error.file, error.key, error.message);
    return fmt::format("{}:{}:{}: {}: {}", error.file, error.position.line, error.position.column, error.key,
                       error.message);
}

Config::Position ConfigIssues::locate(std::string_view path) const {
    while (!path.empty()) {
        if (const auto found = config_.positions.find(path); found != config_.positions.end())
            return found->second;
        const auto cut = path.find_last_of(".[");
        path = cut == std::string_view::npos ? std::string_view{} : path.substr(0, cut);
    }
    const auto any = config_.positions.begin();
    const bool from_file = any == config_.positions.end() || any->second.line != 0;
    return from_file ? Config::Position{1, 1} : Config::Position{};
}

ConfigError ConfigIssues::make(Config::Position position, std::string_view path, std::string message) const {
    return {config_.file, position, without_index(path), std::move(message)};
}

void ConfigIssues::error(std::string_view path, std::string message) {
    errors_.push_back(make(locate(path), path, std::move(message)));
}

void ConfigIssues::error_at(Config::Position position, std::string_view path, std::string message) {
    errors_.push_back(make(position, path, std::move(message)));
}

void ConfigIssues::warning(std::string_view path, std::string message) {
    warnings_.push_back(make(locate(path), path, std::move(message)));
}

bool ConfigIssues::has_error_in(std::string_view section) const {
    return std::any_of(errors_.begin(), errors_.end(), [section](const ConfigError& error) {
        return error.key.starts_with(section) &&
               (error.key.size() == section.size() || error.key[section.size()] == '.');
    });
}

std::vector<ConfigError> ConfigIssues::take_errors() { return take_sorted(errors_); }
std::vector<ConfigError> ConfigIssues::take_warnings() { return take_sorted(warnings_); }

std::string in_quotes(std::string_view text) {
    constexpr std::size_t kShown = 80;
    const bool cut = text.size() > kShown;
    if (cut) {
        std::size_t end = kShown;
        while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0U) == 0x80U)
            --end;  // not inside a character
        text = text.substr(0, end);
    }
    std::string result = "\"";
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if (byte < 0x20 || byte == 0x7f) {
            result += fmt::format("\\x{:02x}", byte);
        } else {
            if (c == '"' || c == '\\') result += '\\';
            result += c;
        }
    }
    result += cut ? "...\"" : "\"";
    return result;
}

}  // namespace sipsteer
