#include "proxy/log_line.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <boost/json/string_view.hpp>
#include <iterator>

namespace sipsteer {
namespace {

/// A code point of well-formed UTF-8 (RFC 3629 §4), or length 1 and `valid` false.
struct CodePoint {
    std::size_t length = 1;
    std::uint32_t value = 0;
    bool valid = false;
};

CodePoint code_point(std::string_view text) {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned lead = byte(0);
    if (lead < 0x80) return {1, lead, true};
    const std::size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return {};
    std::uint32_t value = lead & (0xffU >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        if ((byte(i) & 0xc0U) != 0x80U) return {};
        value = value << 6U | (byte(i) & 0x3fU);
    }
    constexpr std::uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
    const bool surrogate = value >= 0xd800 && value <= 0xdfff;
    if (value < kSmallest[length] || value > 0x10ffff || surrogate) return {};
    return {length, value, true};
}

/// What a terminal or a reader could take for something else than text.
bool is_deceptive(std::uint32_t c) {
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069) || c == 0xfeff;
}

void append_hex(std::string& out, std::string_view bytes) {
    for (const char c : bytes)
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(c));
}

void append_value(std::string& out, std::string_view value) {
    const bool plain = !value.empty() && std::all_of(value.begin(), value.end(), [](char c) {
        return c > ' ' && c < 0x7f && c != '"' && c != '\\';
    });
    if (plain) {
        out += value;
        return;
    }
    out += '"';
    while (!value.empty()) {
        const auto point = code_point(value);
        const auto bytes = value.substr(0, point.length);
        value.remove_prefix(point.length);
        if (!point.valid || is_deceptive(point.value)) {
            append_hex(out, bytes);
        } else {
            if (bytes == "\"" || bytes == "\\") out += '\\';
            out += bytes;
        }
    }
    out += '"';
}

std::string json_string(std::string_view text) {
    return boost::json::serialize(boost::json::string_view(text));
}

}  // namespace

std::string valid_utf8(std::string_view text) {
    std::string result;
    while (!text.empty()) {
        const auto point = code_point(text);
        if (point.valid) {
            result += text.substr(0, point.length);
        } else {
            append_hex(result, text.substr(0, point.length));
        }
        text.remove_prefix(point.length);
    }
    return result;
}

std::string log_text(std::string_view event, std::span<const LogField> fields) {
    std::string line = "event=";
    append_value(line, event);
    for (const auto& field : fields) {
        fmt::format_to(std::back_inserter(line), " {}=", field.key);
        if (field.is_number) {
            fmt::format_to(std::back_inserter(line), "{}", field.number);
        } else {
            append_value(line, field.text);
        }
    }
    return line;
}

std::string log_json(std::string_view event, std::span<const LogField> fields) {
    std::string members = "\"event\":" + json_string(valid_utf8(event));
    for (const auto& field : fields) {
        const auto value =
            field.is_number ? fmt::format("{}", field.number) : json_string(valid_utf8(field.text));
        fmt::format_to(std::back_inserter(members), ",{}:{}", json_string(field.key), value);
    }
    return members;
}

}  // namespace sipsteer
