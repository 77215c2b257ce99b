#pragma once

#include <concepts>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

namespace sipsteer {

/// One `key=value` of a log line. Views only: lives as long as the call that writes the line.
struct LogField {
    std::string_view key;
    std::string_view text;
    std::int64_t number = 0;
    bool is_number = false;

    LogField(std::string_view name, std::string_view value) : key(name), text(value) {}
    template <std::integral Number>
    LogField(std::string_view name, Number value) requires(!std::is_same_v<Number, bool>)
        : key(name), number(static_cast<std::int64_t>(value)), is_number(true) {}
};

/// `event=transfer reason=transfer_owner call_id=a@b`. Keys are written as they are. A value with a
/// blank, quote, backslash, control byte or nothing in it stands in double quotes; control bytes
/// (C0, C1, DEL), text direction marks, line separators and what is not UTF-8 become `\xNN`: no
/// value can look like a further field or line.
[[nodiscard]] std::string log_text(std::string_view event, std::span<const LogField> fields);

/// `"event":"transfer","reason":"transfer_owner"`: the members of a JSON object without its braces.
/// Bytes that are not UTF-8 become the four characters `\xNN`.
[[nodiscard]] std::string log_json(std::string_view event, std::span<const LogField> fields);

/// The text, each byte that is no UTF-8 as the four characters `\xNN`.
[[nodiscard]] std::string valid_utf8(std::string_view text);

}  // namespace sipsteer
