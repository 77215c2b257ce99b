#include "parser/sip_uri.hpp"

#include <cstring>

#include "parser/chars.hpp"
#include "parser/value_scan.hpp"

namespace sipsteer {
namespace {

UriScheme scheme_of(std::string_view name) noexcept {
    switch (name.size()) {
        case 3:
            if (is_word(name, "sip")) return UriScheme::sip;
            if (is_word(name, "tel")) return UriScheme::tel;
            if (is_word(name, "urn")) return UriScheme::urn;
            return UriScheme::other;
        case 4: return is_word(name, "sips") ? UriScheme::sips : UriScheme::other;
        default: return UriScheme::other;
    }
}

/// Takes host[:port] off the front of `rest`.
bool take_host_port(std::string_view& rest, SipUri& uri) noexcept {
    std::size_t length = 0;
    if (!rest.empty() && rest.front() == '[') {
        length = rest.find(']');
        if (length == std::string_view::npos || length < 3 || !all_of(rest.substr(1, length - 1), kIpv6))
            return false;
        ++length;
    } else {
        const char* const begin = rest.data();
        length =
            static_cast<std::size_t>(find_host_end(uri.whole.data(), begin, begin + rest.size()) - begin);
        if (length == 0) return false;
    }
    uri.host = rest.substr(0, length);
    if (length < rest.size() && rest[length] == ':') {
        const char* const port_end = read_port(rest.data() + length + 1, rest.data() + rest.size(), uri.port);
        if (port_end == nullptr) return false;
        length = static_cast<std::size_t>(port_end - rest.data());
    }
    uri.host_port = rest.substr(0, length);
    rest.remove_prefix(length);
    return true;
}

struct UriParameter {
    std::string_view name;
    std::string_view value;
};

/// Takes `;name[=value]` off the front of `rest`, which starts with a semicolon.
UriParameter take_parameter(std::string_view& rest) noexcept {
    const char* const begin = rest.data() + 1;
    const char* const end = rest.data() + rest.size();
    const char* at = begin;
    while (at != end && *at != ';' && *at != '=') ++at;
    const char* const name_end = at;
    if (at != end && *at == '=')
        at = static_cast<const char*>(std::memchr(at, ';', static_cast<std::size_t>(end - at)));
    if (at == nullptr) at = end;
    const char* const value = name_end + 1;
    rest = {at, static_cast<std::size_t>(end - at)};
    return {
        {begin, static_cast<std::size_t>(name_end - begin)},
        at == name_end ? std::string_view{} : std::string_view{value, static_cast<std::size_t>(at - value)}};
}

void note_parameters(SipUri& uri) noexcept {
    std::string_view rest = uri.parameters;
    while (!rest.empty()) {
        const auto [name, value] = take_parameter(rest);
        switch (name.size()) {
            case 2:
                if (is_word(name, "lr")) uri.lr = true;
                break;
            case 5:
                if (uri.maddr.empty() && is_word(name, "maddr")) uri.maddr = value;
                break;
            case 9:
                if (uri.transport.empty() && is_word(name, "transport")) uri.transport = value;
                break;
            default: break;
        }
    }
}

}  // namespace

std::string_view uri_parameter(std::string_view parameters, std::string_view name) noexcept {
    while (!parameters.empty()) {
        const UriParameter parameter = take_parameter(parameters);
        if (iequals(parameter.name, name)) return parameter.value;
    }
    return {};
}

std::string_view unescaped(std::string_view text, std::span<char> scratch) noexcept {
    if (text.find('%') == std::string_view::npos || text.size() > scratch.size()) return text;
    std::size_t used = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool escape =
            text[i] == '%' && text.size() - i > 2 && is(text[i + 1], kHexDigit) && is(text[i + 2], kHexDigit);
        scratch[used++] =
            escape ? static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2])) : text[i];
        if (escape) i += 2;
    }
    return {scratch.data(), used};
}

Result<SipUri> SipUri::parse(std::string_view text) noexcept {
    Result<SipUri> uri{SipUri{}};
    if (const auto read = uri->read(text); !read) uri = Failure(read.error());
    return uri;
}

Result<void> SipUri::read(std::string_view text) noexcept {
    if (text.size() > kMaxUri) return Failure(ParseError::value_too_long);
    whole = text;
    std::size_t colon = text.starts_with("sip:") ? 3 : 0;
    while (colon < text.size() && is(text[colon], kToken)) ++colon;
    const char* const end = text.data() + text.size();
    if (colon == 0 || colon == text.size() || text[colon] != ':' || is(text.front(), kDigit) ||
        find_uri_end(text.data(), end) != end) {
        return Failure(ParseError::bad_uri);
    }
    scheme = scheme_of(text.substr(0, colon));
    if (!is_sip()) return {};

    std::string_view rest = text.substr(colon + 1);
    // No "@" stands unescaped right of the userinfo (RFC 3261 §25.1), while ";" and "?" may stand in it.
    const std::size_t at = rest.find('@');
    if (at != std::string_view::npos) {
        userinfo = rest.substr(0, at);
        user = userinfo.substr(0, userinfo.find(':'));
        if (user.empty()) return Failure(ParseError::bad_uri);
        rest.remove_prefix(at + 1);
    }
    if (!take_host_port(rest, *this)) return Failure(ParseError::bad_uri);
    if (rest.empty()) return {};
    const std::size_t question = rest.find('?');
    if (question != std::string_view::npos) {
        headers = rest.substr(question + 1);
        rest = rest.substr(0, question);
    }
    if (!rest.empty() && rest.front() != ';') return Failure(ParseError::bad_uri);
    parameters = rest;
    note_parameters(*this);
    return {};
}

}  // namespace sipsteer
