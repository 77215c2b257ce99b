#include "proxy/config_reference.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "proxy/config_loader.hpp"
#include "proxy/config_schema.hpp"

namespace sipsteer {
namespace {

namespace json = boost::json;

std::string_view default_text(const KeySpec& key) {
    if (!key.initial_text.empty()) return key.initial_text;
    return key.initial == R"("")" || key.initial == "[]" ? "empty" : key.initial;
}

/// What is not available is shown with its default, so that uncommenting it changes nothing.
std::string_view shown_value(const KeySpec& key) {
    const bool sample_first = key.available && !key.sample.empty();
    return sample_first || key.initial.empty() ? key.sample : key.initial;
}

/// A comment of as many lines as it takes.
std::string comment(std::string_view text) {
    constexpr std::size_t kWidth = 106;
    std::string result;
    while (text.size() > kWidth) {
        const auto blank = text.rfind(' ', kWidth);
        if (blank == std::string_view::npos) break;
        result += fmt::format("# {}\n", text.substr(0, blank));
        text.remove_prefix(blank + 1);
    }
    return result + fmt::format("# {}\n", text);
}

std::string key_lines(const KeySpec& key) {
    std::string kind(to_string(key.type));
    if (key.type == ValueType::word) kind = fmt::format("one of {}", fmt::join(key.words, ", "));
    if (!key.unit.empty()) kind += fmt::format(", {}", key.unit);
    const std::string_view absent = key.available ? "" : "; not in version " SIPSTEER_VERSION;
    const auto facts = fmt::format("({}; default: {}; reloads: {}{})", kind, default_text(key),
                                   key.reloads ? "yes" : "no", absent);
    return fmt::format("\n{}{}#{} = {}\n", comment(key.help), comment(facts), key.name, shown_value(key));
}

json::value default_json(const KeySpec& key, const ConfigValue& value) {
    switch (key.type) {
        case ValueType::boolean: return std::get<bool>(value);
        case ValueType::integer: return std::get<std::int64_t>(value);
        case ValueType::word:
            return json::string(key.words[static_cast<std::size_t>(std::get<std::int64_t>(value))]);
        case ValueType::duration: {
            const bool text = key.initial.starts_with('"');
            return json::string(text ? key.initial.substr(1, key.initial.size() - 2) : key.initial);
        }
        case ValueType::text: return json::string(std::get<std::string>(value));
        case ValueType::text_list: {
            json::array list;
            for (const auto& text : std::get<std::vector<std::string>>(value)) list.emplace_back(text);
            return list;
        }
        case ValueType::status_codes: break;
    }
    return json::array{};
}

void put_type(const KeySpec& key, json::object& schema) {
    switch (key.type) {
        case ValueType::boolean: schema["type"] = "boolean"; break;
        case ValueType::integer:
            schema["type"] = "integer";
            schema["minimum"] = key.min;
            schema["maximum"] = key.max;
            break;
        case ValueType::duration:
            schema["type"] = json::array{"string", "integer"};
            schema["pattern"] = "^([0-9]+(ms|s|m|h)|0)$";
            schema["maximum"] = 0;
            schema["minimum"] = 0;
            break;
        case ValueType::word: {
            json::array words;
            for (const auto word : key.words) words.emplace_back(json::string(word));
            schema["enum"] = std::move(words);
            break;
        }
        case ValueType::text: schema["type"] = "string"; break;
        case ValueType::text_list:
            schema["type"] = "array";
            schema["items"] = json::object{{"type", "string"}};
            break;
        case ValueType::status_codes:
            schema["type"] = "array";
            schema["items"] = json::object{{"type", json::array{"integer", "string"}}};
            break;
    }
}

json::object key_schema(const KeySpec& key) {
    json::object schema;
    put_type(key, schema);
    schema["description"] = json::string(key.help);
    if (const auto value = read_literal(key, key.initial)) schema["default"] = default_json(key, *value);
    if (!key.initial_text.empty()) schema["x-default"] = json::string(key.initial_text);
    if (!key.unit.empty()) schema["x-unit"] = json::string(key.unit);
    schema["x-reloads"] = key.reloads;
    schema["x-available"] = key.available;
    return schema;
}

json::object section_schema(const SectionSpec& section) {
    json::object properties;
    json::array required;
    for (const auto& key : config_keys()) {
        if (key.section != section.name) continue;
        properties[key.name] = key_schema(key);
        if (key.initial_text == "required") required.emplace_back(json::string(key.name));
    }
    json::object table{{"type", "object"}, {"additionalProperties", false}};
    if (!required.empty()) table["required"] = std::move(required);
    // `tls.certificates` is a property of `tls`.
    for (const auto& inner : config_sections()) {
        if (!inner.name.starts_with(std::string(section.name) + ".")) continue;
        properties[inner.name.substr(section.name.size() + 1)] = section_schema(inner);
    }
    table["properties"] = std::move(properties);
    if (!section.is_list()) {
        table["description"] = json::string(section.help);
        return table;
    }
    return {{"type", "array"}, {"description", json::string(section.help)}, {"items", std::move(table)}};
}

}  // namespace

std::string config_default_toml() {
    std::string text = "# Every key of sipsteer " SIPSTEER_VERSION
                       ". A line that starts with # and no blank can be uncommented as it stands;\n"
                       "# its value is the default, or a sample where the default is empty. Durations: an "
                       "integer with ms, s, m\n"
                       "# or h; 0 is off. Relative paths are relative to this file. Only [listen] and "
                       "[[server]] are needed.\n";
    for (const auto& section : config_sections()) {
        text += "\n" + comment(section.help);
        text +=
            section.is_list() ? fmt::format("#[[{}]]\n", section.name) : fmt::format("[{}]\n", section.name);
        for (const auto& key : config_keys()) {
            if (key.section == section.name) text += key_lines(key);
        }
    }
    return text;
}

std::string config_json_schema() {
    json::object properties;
    for (const auto& section : config_sections()) {
        if (section.name.find('.') == std::string_view::npos)
            properties[section.name] = section_schema(section);
    }
    const json::object schema{{"$schema", "https://json-schema.org/draft/2020-12/schema"},
                              {"title", "sipsteer " SIPSTEER_VERSION},
                              {"type", "object"},
                              {"additionalProperties", false},
                              {"required", json::array{"server"}},
                              {"properties", std::move(properties)}};
    return json::serialize(schema) + "\n";
}

}  // namespace sipsteer
