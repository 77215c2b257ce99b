#include "wire_text.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

#include "parser/chars.hpp"

namespace sipsteer::test {
namespace {

/// `{name}` at the front of `text`: letters, digits and dashes. Any other brace is itself.
std::optional<std::string_view> placeholder(std::string_view text) {
    const std::size_t end = text.find('}');
    if (text.empty() || text.front() != '{' || end == std::string_view::npos || end == 1) return std::nullopt;
    const std::string_view name = text.substr(1, end - 1);
    const bool word =
        std::ranges::all_of(name, [](char c) { return (c >= 'a' && c <= 'z') || is(c, kDigit) || c == '-'; });
    return word ? std::optional{name} : std::nullopt;
}

bool is_free_text(char c) { return is(c, kHost); }  // letters, digits, - . _

/// Writes out every `{repeat N TEXT}`.
std::string repeat(std::string text) {
    constexpr std::string_view kRepeat = "{repeat ";
    for (std::size_t at = text.find(kRepeat); at != std::string::npos; at = text.find(kRepeat, at)) {
        const std::size_t number = at + kRepeat.size();
        const std::size_t blank = text.find(' ', number);
        const std::size_t end = text.find('}', number);
        if (blank == std::string::npos || end == std::string::npos || end < blank) {
            throw std::runtime_error("{repeat N TEXT}: N or the closing brace is missing");
        }
        const std::size_t count = std::stoul(text.substr(number, blank - number));
        const std::string piece = text.substr(blank + 1, end - blank - 1);
        std::string all;
        for (std::size_t i = 0; i < count; ++i) all += piece;
        text.replace(at, end + 1 - at, all);
        at += all.size();
    }
    return text;
}

/// Reads the escapes of a raw line. True: the line goes on without a CRLF.
bool unescape(std::string& text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            out += text[i];
            continue;
        }
        if (++i == text.size()) {
            text = out;
            return true;
        }
        switch (text[i]) {
            case 'r': out += '\r'; break;
            case 'n': out += '\n'; break;
            case 't': out += '\t'; break;
            case '0': out += '\0'; break;
            case '\\': out += '\\'; break;
            case 'x': {
                const int high = i + 2 < text.size() ? hex_value(text[i + 1]) : -1;
                const int low = high >= 0 ? hex_value(text[i + 2]) : -1;
                if (low < 0) throw std::runtime_error("\\x wants two hex digits");
                out += static_cast<char>(high * 16 + low);
                i += 2;
                break;
            }
            default: throw std::runtime_error(std::string{"unknown escape \\"} + text[i]);
        }
    }
    text = out;
    return false;
}

}  // namespace

WireLines compose(const WireLines& block, const WireParts& parts, bool raw) {
    WireLines all;
    bool blank_line = false;
    const auto add = [&](WireLine line) {
        line.text = repeat(std::move(line.text));
        blank_line = blank_line || line.text.empty();
        const bool goes_on = raw && unescape(line.text);
        if (!goes_on) line.text += "\r\n";
        all.push_back(std::move(line));
    };
    for (const WireLine& line : block) {
        const auto name = placeholder(line.text);
        const auto part = name && name->size() + 2 == line.text.size() ? parts.find(*name) : parts.end();
        if (part == parts.end()) {
            add(line);
        } else {
            for (const WireLine& inner : part->second) add({inner.text, line.line});
        }
    }
    if (!raw && !blank_line) all.push_back({"\r\n", all.empty() ? 0 : all.back().line});
    return all;
}

std::string WireBindings::fill(std::string_view text) const {
    std::string out;
    while (!text.empty()) {
        const auto name = placeholder(text);
        if (!name) {
            out += text.front();
            text.remove_prefix(1);
            continue;
        }
        const auto value = values_.find(*name);
        if (value == values_.end()) throw std::runtime_error("{" + std::string{*name} + "} is not known yet");
        out += value->second;
        text.remove_prefix(name->size() + 2);
    }
    return out;
}

bool WireBindings::match(std::string_view pattern, std::string_view& actual) {
    auto bound = values_;
    std::string_view rest = actual;
    while (!pattern.empty()) {
        const auto name = placeholder(pattern);
        if (!name) {
            if (rest.empty() || rest.front() != pattern.front()) return false;
            pattern.remove_prefix(1);
            rest.remove_prefix(1);
            continue;
        }
        const auto length =
            static_cast<std::size_t>(std::ranges::find_if_not(rest, is_free_text) - rest.begin());
        const auto [value, fresh] = bound.try_emplace(std::string{*name}, rest.substr(0, length));
        if (value->second.empty() || !rest.starts_with(value->second)) return false;
        rest.remove_prefix(value->second.size());
        pattern.remove_prefix(name->size() + 2);
    }
    values_ = std::move(bound);
    actual = rest;
    return true;
}

std::string WireBindings::show(std::string_view text) const {
    std::string out;
    while (!text.empty()) {
        const auto name = placeholder(text);
        const auto value = name ? values_.find(*name) : values_.end();
        if (value != values_.end()) {
            out += value->second;
            text.remove_prefix(name->size() + 2);
        } else {
            out += text.front();
            text.remove_prefix(1);
        }
    }
    return out;
}

std::string printable(std::string_view bytes) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        const auto c = static_cast<unsigned char>(bytes[i]);
        if (c == '\r' && i + 1 < bytes.size() && bytes[i + 1] == '\n') {
            out += '\n';
            ++i;
        } else if (c < 0x20 || c >= 0x7f) {
            out += {'\\', 'x', kHex[c >> 4], kHex[c & 15]};
        } else {
            out += static_cast<char>(c);
        }
    }
    return out;
}

}  // namespace sipsteer::test
