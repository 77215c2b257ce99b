#include "parser/via.hpp"

#include "parser/chars.hpp"
#include "parser/cursor.hpp"

namespace sipsteer {
namespace {

/// sent-protocol: "SIP" SLASH "2.0" SLASH transport. Another name or version is not ours to answer.
bool parse_protocol(Cursor& cursor, ViaView& via) noexcept {
    constexpr std::string_view kUsual = "SIP/2.0/";
    if (cursor.rest().starts_with(kUsual)) {
        cursor.move_to(cursor.position() + kUsual.size());
        cursor.skip_lws();
    } else {
        if (!iequals(cursor.take_while(kToken), "SIP") || !cursor.take_separator('/')) return false;
        if (cursor.take_while(kToken) != "2.0" || !cursor.take_separator('/')) return false;
    }
    via.transport = cursor.take_while(kToken);
    return !via.transport.empty() && is_lws(cursor.peek());
}

bool parse_sent_by(Cursor& cursor, ViaView& via) noexcept {
    cursor.skip_lws();
    const char* begin = cursor.position();
    if (cursor.take('[')) {
        if (cursor.take_while(kIpv6).size() < 2 || !cursor.take(']')) return false;
    } else if (cursor.take_while(kHost).empty()) {
        return false;
    }
    via.host = {begin, static_cast<std::size_t>(cursor.position() - begin)};
    const char* const end = cursor.position();
    if (!cursor.take_separator(':')) {
        cursor.move_to(end);
        return true;
    }
    std::uint32_t port = 0;
    if (!parse_number(cursor.take_while(kDigit), 65535, port) || port == 0) return false;
    via.port = static_cast<std::uint16_t>(port);
    return true;
}

bool names_source(std::string_view name) noexcept {
    return is_word(name, "received") || is_word(name, "rport");
}

/// The first of two equal parameters counts.
void note(ViaView& via, const Parameter& parameter) noexcept {
    switch (parameter.name.size()) {
        case 5:
            if (is_word(parameter.name, "rport")) {
                if (via.has_rport) {
                    via.source_repeats = true;
                    break;
                }
                via.has_rport = true;
                via.rport = parameter.value;
                via.rport_whole = parameter.whole;
            } else if (via.maddr.empty() && is_word(parameter.name, "maddr")) {
                via.maddr = parameter.value;
            }
            break;
        case 6:
            if (via.branch.empty() && is_word(parameter.name, "branch")) via.branch = parameter.value;
            break;
        case 8:
            if (is_word(parameter.name, "received")) {
                if (!via.received_whole.empty()) {
                    via.source_repeats = true;
                    break;
                }
                via.received = parameter.value;
                via.received_whole = parameter.whole;
            }
            break;
        default: break;
    }
}

}  // namespace

bool take_empty_source(const Cursor& cursor, Parameter& parameter, bool& ok) noexcept {
    if (!parameter.has_value || cursor.peek() == '"' || !names_source(parameter.name)) return false;
    ok = true;
    const char* begin = parameter.name.data();
    while (*begin != ';') --begin;
    const char* end = parameter.name.data() + parameter.name.size();
    while (*end != '=') ++end;
    ++end;
    parameter.value = {};  // an empty view behind the blanks that follow would lie outside of `whole`
    parameter.whole = {begin, static_cast<std::size_t>(end - begin)};
    return true;
}

Result<ViaView> ViaView::parse(std::string_view header) noexcept {
    Result<ViaView> via{ViaView{}};
    if (const auto read = via->read(header); !read) via = Failure(read.error());
    return via;
}

Result<void> ViaView::read(std::string_view header) noexcept {
    Cursor cursor{trim_lws(header)};
    const char* const begin = cursor.position();
    if (!parse_protocol(cursor, *this) || !parse_sent_by(cursor, *this)) return Failure(ParseError::bad_via);
    const char* const sent_by_end = cursor.position();
    const char* end = sent_by_end;
    bool ok = true;
    Parameter parameter;
    while (next_via_parameter(cursor, parameter, ok)) {
        note(*this, parameter);
        end = parameter.whole.data() + parameter.whole.size();
    }
    if (!ok) return Failure(ParseError::bad_via);
    if (branch.size() > kMaxIdentifier) return Failure(ParseError::value_too_long);
    value = {begin, static_cast<std::size_t>(end - begin)};
    parameters = {sent_by_end, static_cast<std::size_t>(end - sent_by_end)};
    cursor.skip_lws();
    if (cursor.done()) return {};
    if (!cursor.take(',')) return Failure(ParseError::bad_via);
    cursor.skip_lws();
    if (cursor.done()) return Failure(ParseError::bad_via);
    rest = cursor.rest();
    return {};
}

}  // namespace sipsteer
