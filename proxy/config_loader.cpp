#include "proxy/config_loader.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <optional>
#include <sstream>
#include <thread>

#include "parser/chars.hpp"
#include "parser/ip_address.hpp"
#include "proxy/config_check.hpp"
#include "proxy/config_schema.hpp"
#include "proxy/config_values.hpp"
#include "proxy/dispatcher_servers.hpp"
#include "proxy/suggestion.hpp"

namespace sipsteer {
namespace {

using Error = tl::unexpected<std::string>;

std::string_view type_word(const toml::node& node) {
    switch (node.type()) {
        case toml::node_type::table: return "a table";
        case toml::node_type::array: return "a list";
        case toml::node_type::string: return "text";
        case toml::node_type::integer: return "an integer";
        case toml::node_type::floating_point: return "a number with a fraction";
        case toml::node_type::boolean: return "true or false";
        default: return "a date or time";
    }
}

Parsed<ConfigValue> wrong_type(const toml::node& node, std::string_view expected) {
    return Error(fmt::format("expected {}, not {}", expected, type_word(node)));
}

Parsed<ConfigValue> read_integer(const KeySpec& key, const toml::node& node) {
    const auto* integer = node.as_integer();
    if (integer == nullptr) return wrong_type(node, "an integer");
    if (integer->get() < key.min || integer->get() > key.max) {
        return Error(fmt::format("{} is not between {} and {}", integer->get(), key.min, key.max));
    }
    return ConfigValue{integer->get()};
}

Parsed<ConfigValue> read_duration(const toml::node& node) {
    std::chrono::milliseconds value{};
    if (const auto* integer = node.as_integer()) {
        if (integer->get() != 0) {
            return Error(fmt::format("{} has no unit: write ms, s, m or h, as \"30s\"", integer->get()));
        }
    } else if (const auto* text = node.as_string()) {
        const auto parsed = parse_duration(text->get());
        if (!parsed) return Error(parsed.error());
        value = *parsed;
    } else {
        return wrong_type(node, "a duration as \"30s\"");
    }
    return ConfigValue{value};
}

Parsed<ConfigValue> read_word(const KeySpec& key, const toml::node& node) {
    const auto* text = node.as_string();
    if (text == nullptr) return wrong_type(node, fmt::format("one of {}", fmt::join(key.words, ", ")));
    const auto found = std::find(key.words.begin(), key.words.end(), text->get());
    if (found != key.words.end()) return ConfigValue{static_cast<std::int64_t>(found - key.words.begin())};
    return Error(fmt::format("{} is none of {}{}", in_quotes(text->get()), fmt::join(key.words, ", "),
                             did_you_mean(text->get(), key.words)));
}

Parsed<ConfigValue> read_text_list(const toml::node& node) {
    const auto* array = node.as_array();
    if (array == nullptr) {
        const auto* text = node.as_string();
        if (text == nullptr) return wrong_type(node, "a list of texts");
        return Error(fmt::format("expected a list, not text; write [{}]", in_quotes(text->get())));
    }
    std::vector<std::string> list;
    for (const auto& element : *array) {
        if (!element.is_string()) return wrong_type(element, "a list of texts");
        list.push_back(element.as_string()->get());
    }
    return ConfigValue{std::move(list)};
}

Parsed<ConfigValue> read_status_codes(const toml::node& node) {
    const auto* array = node.as_array();
    if (array == nullptr) return wrong_type(node, "a list of SIP status codes");
    std::vector<std::uint16_t> codes;
    for (const auto& element : *array) {
        std::uint32_t code = 0;
        if (const auto* integer = element.as_integer()) {
            code = static_cast<std::uint32_t>(std::clamp<std::int64_t>(integer->get(), 0, 1000));
        } else if (const auto* text = element.as_string()) {
            if (!parse_number(text->get(), 1000, code)) code = 0;
        } else {
            return wrong_type(element, "a list of SIP status codes");
        }
        if (code < 200 || code > 699) return Error("a final SIP status code is between 200 and 699");
        codes.push_back(static_cast<std::uint16_t>(code));
    }
    return ConfigValue{std::move(codes)};
}

Parsed<ConfigValue> read_value(const KeySpec& key, const toml::node& node) {
    switch (key.type) {
        case ValueType::integer: return read_integer(key, node);
        case ValueType::duration: return read_duration(node);
        case ValueType::word: return read_word(key, node);
        case ValueType::text_list: return read_text_list(node);
        case ValueType::status_codes: return read_status_codes(node);
        case ValueType::boolean:
            if (!node.is_boolean()) return wrong_type(node, "true or false");
            return ConfigValue{node.as_boolean()->get()};
        case ValueType::text: break;
    }
    if (!node.is_string()) return wrong_type(node, "text in quotes");
    return ConfigValue{node.as_string()->get()};
}

Config::Position begin_of(const toml::source_region& region) {
    return {region.begin.line, region.begin.column};
}

/// One TOML document into one Config.
class Loader {
  public:
    Loader(Config& config, ConfigIssues& issues) : config_(config), issues_(issues) {}

    void load(const toml::table& document) {
        for (const auto& [name, node] : document) {
            if (const auto* section = find_section(name.str())) {
                load_section(*section, std::string(name.str()), node);
            } else {
                unknown_section(name);
            }
        }
    }

  private:
    void unknown_section(const toml::key& name) {
        std::vector<std::string_view> names;
        for (const auto& section : config_sections()) names.push_back(section.name);
        auto hint = did_you_mean(name.str(), names);
        if (hint.empty()) hint = other_section_hint(name.str(), "");
        issues_.error_at(begin_of(name.source()), name.str(), "unknown section" + hint);
    }

    static std::string header(std::string_view section) {
        return find_section(section)->is_list() ? fmt::format("[[{}]]", section)
                                                : fmt::format("[{}]", section);
    }

    static std::string other_section_hint(std::string_view key, std::string_view section) {
        for (const auto& other : config_keys()) {
            if (other.name != key || other.section == section) continue;
            return fmt::format("; there is one in {}", header(other.section));
        }
        return {};
    }

    void unknown_key(const SectionSpec& section, const std::string& path, const toml::key& name) {
        std::vector<std::string_view> names;
        for (const auto& key : config_keys()) {
            if (key.section == section.name) names.push_back(key.name);
        }
        // The same word in another section is a better guess than a similar one in this.
        auto hint = other_section_hint(name.str(), section.name);
        if (hint.empty()) hint = did_you_mean(name.str(), names);
        issues_.error_at(begin_of(name.source()), fmt::format("{}.{}", path, name.str()),
                         "unknown key" + hint);
    }

    void load_section(const SectionSpec& section, const std::string& path, const toml::node& node) {
        config_.positions[path] = begin_of(node.source());
        if (!section.is_list()) {
            if (const auto* table = node.as_table()) return load_keys(section, path, *table);
            const std::string_view what = node.is_array_of_tables() ? "stands once only" : "is a section";
            issues_.error(path, fmt::format("{}: write {}", what, header(section.name)));
            return;
        }
        const auto* array = node.as_array();
        if (array == nullptr || (!array->empty() && !array->is_array_of_tables())) {
            issues_.error(path, fmt::format("is a list of sections: write {}", header(section.name)));
            return;
        }
        std::size_t index = 0;
        for (const auto& element : *array) {
            const auto element_path = fmt::format("{}[{}]", path, index++);
            config_.positions[element_path] = begin_of(element.source());
            section.add(config_);
            apply_defaults(config_, section.name);
            load_keys(section, element_path, *element.as_table());
        }
    }

    void load_keys(const SectionSpec& section, const std::string& path, const toml::table& table) {
        for (const auto& [name, node] : table) {
            const auto key_path = fmt::format("{}.{}", path, name.str());
            if (const auto* key = find_key(section.name, name.str())) {
                load_key(*key, key_path, node);
            } else if (const auto* inner = find_section(fmt::format("{}.{}", section.name, name.str()))) {
                load_section(*inner, key_path, node);
            } else {
                unknown_key(section, path, name);
            }
        }
    }

    void load_key(const KeySpec& key, const std::string& path, const toml::node& node) {
        config_.positions[path] = begin_of(node.source());
        const auto value = read_value(key, node);
        if (!value) {
            issues_.error(path, value.error());
            return;
        }
        if (const auto* array = node.as_array()) {
            for (std::size_t i = 0; i < array->size(); ++i) {
                config_.positions[fmt::format("{}[{}]", path, i)] = begin_of((*array)[i].source());
            }
        }
        key.store(config_, *value);
        config_.written[path] = *value;
        // Listeners of a transport that is not there are an error, noted with the address.
        const bool is_listeners = key.section == "listen" && key.type == ValueType::text_list;
        const bool without_effect = !key.available && !is_listeners &&
                                    *value != read_literal(key, key.initial) &&
                                    *value != read_literal(key, key.acts_as);
        if (without_effect) issues_.warning(path, "has no effect in version " SIPSTEER_VERSION);
    }

    Config& config_;
    ConfigIssues& issues_;
};

LoadedConfig finish(Config& config, ConfigIssues& issues) {
    if (config.process.workers == 0)
        config.process.workers = std::max(1U, std::thread::hardware_concurrency());
    add_dispatcher_servers(config, issues);
    check_config(config, issues);
    LoadedConfig loaded;
    loaded.errors = issues.take_errors();
    loaded.warnings = issues.take_warnings();
    loaded.config = std::move(config);
    return loaded;
}

LoadedConfig only_error(const std::string& file, Config::Position position, std::string key,
                        std::string message) {
    LoadedConfig loaded;
    loaded.config.file = file;
    loaded.errors.push_back({file, position, std::move(key), std::move(message)});
    return loaded;
}

/// `10.0.0.11`, `10.0.0.11:5060` or `2001:db8::1` become a SIP URI; whatever has a scheme stays.
std::string server_uri(const std::string& text) {
    if (const auto ip = parse_ip(text); ip && ip->v6 && text.front() != '[')
        return fmt::format("sip:[{}]", text);
    const auto scheme = text.substr(0, text.find(':'));
    if (iequals(scheme, "sip") || iequals(scheme, "sips") || text.find("://") != std::string::npos)
        return text;
    return "sip:" + text;
}

}  // namespace

std::optional<ConfigValue> read_literal(const KeySpec& key, std::string_view literal) {
    if (literal.empty()) return std::nullopt;
    const auto document = toml::parse(fmt::format("x = {}", literal));
    return read_value(key, *document.get("x")).value();
}

void apply_defaults(Config& config, std::string_view section) {
    for (const auto& key : config_keys()) {
        if (key.section != section) continue;
        if (const auto value = read_literal(key, key.initial)) key.store(config, *value);
    }
}

Config default_config() {
    Config config;
    for (const auto& section : config_sections()) {
        if (!section.is_list()) apply_defaults(config, section.name);
    }
    return config;
}

LoadedConfig load_config_text(std::string_view toml, const std::string& file) {
    auto config = default_config();
    config.file = file;
    ConfigIssues issues(config);
    try {
        const auto document = toml::parse(toml, file);
        Loader(config, issues).load(document);
    } catch (const toml::parse_error& error) {
        return only_error(file, begin_of(error.source()), "syntax", std::string(error.description()));
    }
    return finish(config, issues);
}

LoadedConfig load_config(const std::string& file) {
    constexpr std::size_t kMaxFile = 16U << 20U;  // a thousand times any real one; a device never ends
    std::ifstream stream(file, std::ios::binary);
    std::string text;
    std::array<char, 65536> block{};
    while (stream && text.size() <= kMaxFile) {
        stream.read(block.data(), block.size());
        text.append(block.data(), static_cast<std::size_t>(stream.gcount()));
    }
    if (!stream.eof() && text.size() <= kMaxFile) {
        return only_error(file, {}, "file", fmt::format("cannot be read: {}", std::strerror(errno)));
    }
    if (text.size() > kMaxFile) return only_error(file, {}, "file", "is larger than 16 MiB");
    return load_config_text(text, file);
}

LoadedConfig config_from_flags(const std::vector<std::string>& listen,
                               const std::vector<std::string>& servers) {
    auto config = default_config();
    config.file = "command line";
    ConfigIssues issues(config);
    const auto add_entry = [&config](const std::string& text) {
        config.positions[fmt::format("listener[{}]", config.listener_entries.size())] = {};
        config.positions[fmt::format("listener[{}].bind", config.listener_entries.size())] = {};
        config.listener_entries.emplace_back();
        apply_defaults(config, "listener");
        config.listener_entries.back().bind = text;
    };
    for (const auto& text : listen) add_entry(text);
    for (const auto& text : servers) {
        const auto path = fmt::format("server[{}]", config.servers.size());
        for (const auto* key : {"", ".name", ".uri"}) config.positions[path + key] = {};
        config.servers.emplace_back();
        apply_defaults(config, "server");
        config.servers.back().name = fmt::format("server-{}", config.servers.size());
        config.servers.back().uri = server_uri(text);
    }
    return finish(config, issues);
}

}  // namespace sipsteer
