#include "parser/refer_to.hpp"

#include "parser/chars.hpp"
#include "parser/name_addr.hpp"

namespace sipsteer {
namespace {

/// %HH -> byte; every other byte stands for itself. An escaped NUL or a half escape is refused.
Result<std::string_view> unescape(std::string_view text, std::span<char> out) noexcept {
    if (text.size() > out.size()) return Failure(ParseError::value_too_long);
    std::size_t used = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        char c = text[i];
        if (c == '%') {
            const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
            const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
            if (high < 0 || low < 0 || (high | low) == 0) return Failure(ParseError::bad_replaces);
            c = static_cast<char>(high * 16 + low);
            i += 2;
        }
        out[used++] = c;
    }
    return std::string_view{out.data(), used};
}

/// The value of `Replaces` in `name=value&name=value`.
std::string_view find_replaces(std::string_view headers) noexcept {
    while (!headers.empty()) {
        const std::string_view one = headers.substr(0, headers.find('&'));
        const std::size_t equal = one.find('=');
        if (equal != std::string_view::npos && iequals(one.substr(0, equal), "replaces"))
            return one.substr(equal + 1);
        headers.remove_prefix(one.size() < headers.size() ? one.size() + 1 : one.size());
    }
    return {};
}

/// What stands behind the `?`. A bare URI cannot hold one by the grammar, but phones do write it:
/// then everything up to the end is taken.
std::string_view uri_headers(const NameAddr& address, std::string_view header) noexcept {
    std::string_view text = address.uri;
    if (!address.bracketed)
        text = {text.data(), static_cast<std::size_t>(header.data() + header.size() - text.data())};
    const std::size_t question = text.find('?');
    return question == std::string_view::npos ? std::string_view{} : trim_lws(text.substr(question + 1));
}

}  // namespace

Result<Replaces> parse_refer_to_replaces(std::string_view header, std::span<char> scratch) noexcept {
    const auto bracket = header.find('<');
    NameAddr address;
    if (bracket == std::string_view::npos) {
        address.uri = trim_lws(header);
    } else {
        const auto parsed = NameAddr::parse(header);
        if (!parsed) return Failure(parsed.error());
        address = *parsed;
    }
    const std::string_view escaped = find_replaces(uri_headers(address, header));
    if (escaped.empty()) return Failure(ParseError::bad_replaces);
    const auto value = unescape(escaped, scratch);
    if (!value) return Failure(value.error());
    return Replaces::parse(*value);
}

}  // namespace sipsteer
