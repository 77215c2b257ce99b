#include "proxy/config_changes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <optional>
#include <string_view>
#include <utility>

#include "proxy/config_error.hpp"
#include "proxy/config_loader.hpp"
#include "proxy/config_schema.hpp"

namespace sipsteer {
namespace {

using Lines = std::vector<std::string>;

std::string duration_text(std::chrono::milliseconds value) {
    constexpr std::array<std::pair<std::int64_t, std::string_view>, 3> kUnits{
        {{3'600'000, "h"}, {60'000, "m"}, {1'000, "s"}}};
    if (value.count() == 0) return "0";
    for (const auto& [length, unit] : kUnits) {
        if (value.count() % length == 0) return fmt::format("{}{}", value.count() / length, unit);
    }
    return fmt::format("{}ms", value.count());
}

/// As it would be written, durations without the quotes.
std::string text_of(const KeySpec& key, const ConfigValue& value) {
    switch (key.type) {
        case ValueType::boolean: return std::get<bool>(value) ? "true" : "false";
        case ValueType::integer: return std::to_string(std::get<std::int64_t>(value));
        case ValueType::duration: return duration_text(std::get<std::chrono::milliseconds>(value));
        case ValueType::text: return in_quotes(std::get<std::string>(value));
        case ValueType::word:
            return in_quotes(key.words[static_cast<std::size_t>(std::get<std::int64_t>(value))]);
        case ValueType::text_list: {
            Lines list;
            for (const auto& text : std::get<std::vector<std::string>>(value))
                list.push_back(in_quotes(text));
            return fmt::format("[{}]", fmt::join(list, ", "));
        }
        case ValueType::status_codes: break;
    }
    return fmt::format("[{}]", fmt::join(std::get<std::vector<std::uint16_t>>(value), ", "));
}

std::optional<ConfigValue> written(const Config& config, const std::string& path) {
    const auto found = config.written.find(path);
    return found == config.written.end() ? std::nullopt : std::optional{found->second};
}

std::string_view note(bool reloads) { return reloads ? "" : " (needs a restart)"; }

/// A key of a section that stands once.
void compare_key(const KeySpec& key, const Config& before, const Config& after, Lines& changes) {
    const auto path = fmt::format("{}.{}", key.section, key.name);
    const auto value_in = [&](const Config& config) {
        const auto value = written(config, path);
        return value ? value : read_literal(key, key.initial);
    };
    const auto text = [&](const std::optional<ConfigValue>& value) {
        return value ? text_of(key, *value) : std::string{"default"};
    };
    const auto old = value_in(before);
    const auto now = value_in(after);
    if (old == now) return;
    const auto what =
        key.secret ? path + " has changed" : fmt::format("{} {} -> {}", path, text(old), text(now));
    changes.push_back(what + std::string{key.available ? note(key.reloads) : " (has no effect)"});
}

/// Each `[[section]]` in its order, with what is written there.
Lines elements(const SectionSpec& section, const Config& config) {
    Lines result;
    for (std::size_t i = 0; config.is_written(fmt::format("{}[{}]", section.name, i)); ++i) {
        Lines keys;
        for (const auto& key : config_keys()) {
            if (key.section != section.name) continue;
            if (const auto value = written(config, fmt::format("{}[{}].{}", section.name, i, key.name)))
                keys.push_back(fmt::format("{} = {}", key.name, text_of(key, *value)));
        }
        result.push_back(fmt::format("[[{}]] {}", section.name, fmt::join(keys, ", ")));
    }
    return result;
}

/// What is between the first and the last elements that are alike: their order matters.
void compare_lists(const Lines& before, const Lines& after, bool reloads, Lines& changes) {
    const auto [first, new_first] = std::ranges::mismatch(before, after);
    const std::ranges::subrange old{first, before.end()};
    const std::ranges::subrange now{new_first, after.end()};
    const auto [last, new_last] =
        std::mismatch(std::make_reverse_iterator(old.end()), std::make_reverse_iterator(old.begin()),
                      std::make_reverse_iterator(now.end()), std::make_reverse_iterator(now.begin()));
    for (auto at = first; at != last.base(); ++at) changes.push_back("- " + *at + std::string{note(reloads)});
    for (auto at = new_first; at != new_last.base(); ++at)
        changes.push_back("+ " + *at + std::string{note(reloads)});
}

}  // namespace

Lines config_changes(const Config& started, const Config& before, const Config& after) {
    Lines changes;
    for (const SectionSpec& section : config_sections()) {
        if (section.name == "server") continue;  // server_changes, by name
        bool reloads = true;
        for (const KeySpec& key : config_keys()) {
            if (key.section != section.name) continue;
            reloads = reloads && key.reloads;
            if (!section.is_list()) compare_key(key, key.reloads ? before : started, after, changes);
        }
        if (section.is_list()) {
            compare_lists(elements(section, reloads ? before : started), elements(section, after), reloads,
                          changes);
        }
    }
    return changes;
}

}  // namespace sipsteer
