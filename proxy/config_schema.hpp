#pragma once

#include <chrono>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config.hpp"

namespace sipsteer {

enum class ValueType : std::uint8_t { boolean, integer, duration, text, word, text_list, status_codes };

/// Longest duration that can be configured: one year.
inline constexpr std::chrono::milliseconds kMaxDuration = std::chrono::hours{24 * 365};

/// One key, declared once: loading, checking of types, `config --default`, `config --schema` and the
/// manual read this and nothing else.
struct KeySpec {
    std::string_view section;  ///< "listen"; "server" for `[[server]]`
    std::string_view name;
    ValueType type = ValueType::text;
    std::string_view unit = {};          ///< what the number or text counts or names
    std::string_view initial = {};       ///< default as a TOML literal; empty: none, see `initial_text`
    std::string_view initial_text = {};  ///< the default in words where a literal does not tell it
    std::string_view sample = {};        ///< TOML literal to show where the default is empty
    std::string_view help;
    bool reloads = false;
    bool available = true;          ///< false: read and checked, but without effect in this version
    bool secret = false;            ///< never shown, neither in the log nor in an answer
    std::string_view acts_as = {};  ///< TOML literal that says what this version does in its place
    std::int64_t min = 0;           ///< of integers; of durations it is 0, which is off
    std::int64_t max = std::numeric_limits<std::uint32_t>::max();
    std::span<const std::string_view> words = {};
    void (*store)(Config&, const ConfigValue&) = nullptr;  ///< into the last element of a `[[section]]`
};

struct SectionSpec {
    std::string_view name;
    std::string_view help;
    void (*add)(Config&) = nullptr;  ///< appends an element; set for a `[[section]]` only
    [[nodiscard]] bool is_list() const noexcept { return add != nullptr; }
};

/// All sections and all keys, in the order in which they are documented.
[[nodiscard]] std::span<const SectionSpec> config_sections() noexcept;
[[nodiscard]] std::span<const KeySpec> config_keys() noexcept;

[[nodiscard]] const SectionSpec* find_section(std::string_view name) noexcept;
[[nodiscard]] const KeySpec* find_key(std::string_view section, std::string_view name) noexcept;

/// "udp", "tcp", ...
[[nodiscard]] std::string_view to_string(Config::Transport transport) noexcept;
[[nodiscard]] std::span<const std::string_view> transport_words() noexcept;

[[nodiscard]] std::string_view to_string(Config::ServerState state) noexcept;
[[nodiscard]] std::string_view to_string(ServerOrigin origin) noexcept;

/// "integer", "duration", ... for messages and the reference.
[[nodiscard]] std::string_view to_string(ValueType type) noexcept;

}  // namespace sipsteer
