#include "parser/via.hpp"

#include "parser/chars.hpp"
#include "parser/cursor.hpp"
#include "parser/identifier.hpp"

namespace sipsteer {
namespace {

/// sent-protocol: "SIP" SLASH "2.0" SLASH transport. Another name or version is not ours to answer.
bool parse_protocol(Cursor& cursor, ViaView& via) noexcept {
    constexpr std::string_view kUsual = "SIP/2.0/UDP ";
    if (cursor.rest().starts_with(kUsual)) {
        via.transport = cursor.rest().substr(8, 3);
        cursor.move_to(cursor.position() + kUsual.size());
        return true;
    }
    if (cursor.take_exactly("SIP/2.0/")) {
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
    } else if (cursor.take_host().empty()) {
        return false;
    }
    via.host = {begin, static_cast<std::size_t>(cursor.position() - begin)};
    const char* const end = cursor.position();
    if (!cursor.take_separator(':')) {
        cursor.move_to(end);
        return true;
    }
    return cursor.take_port(via.port);
}

bool names_source(std::string_view name) noexcept {
    return is_word(name, "received") || is_word(name, "rport");
}

// The first of two equal parameters counts.

void note_branch(ViaView& via, const Parameter& parameter) noexcept {
    if (via.branch.empty()) via.branch = parameter.value;
}

void note_rport(ViaView& via, const Parameter& parameter) noexcept {
    if (via.has_rport) {
        via.source_repeats = true;
        return;
    }
    via.has_rport = true;
    via.rport = parameter.value;
    via.rport_whole = parameter.whole;
}

void note_received(ViaView& via, const Parameter& parameter) noexcept {
    if (!via.received_whole.empty()) {
        via.source_repeats = true;
        return;
    }
    via.received = parameter.value;
    via.received_whole = parameter.whole;
}

void note(ViaView& via, const Parameter& parameter) noexcept {
    switch (parameter.name.size()) {
        case 5:
            if (is_word(parameter.name, "rport")) {
                note_rport(via, parameter);
            } else if (via.maddr.empty() && is_word(parameter.name, "maddr")) {
                via.maddr = parameter.value;
            }
            break;
        case 6:
            if (is_word(parameter.name, "branch")) note_branch(via, parameter);
            break;
        case 8:
            if (is_word(parameter.name, "received")) note_received(via, parameter);
            break;
        default: break;
    }
}

/// Takes `;rport` without a value at the end or before the next parameter. Else leaves all as it was.
bool take_bare_rport(Cursor& cursor, Parameter& parameter) noexcept {
    const char* const begin = cursor.position();
    if (!cursor.take_exactly(";rport")) return false;
    if (!cursor.done() && cursor.peek() != ';') {
        cursor.move_to(begin);
        return false;
    }
    parameter.value = {};
    parameter.whole = {begin, static_cast<std::size_t>(cursor.position() - begin)};
    return true;
}

/// Behind a parameter. `position`: null when it is none that may stand there, where blanks end when it is
/// none.
struct Place {
    const char* position;
    const char* end;  ///< of the parameter; null when there is none
};

/// Reads a parameter that does not stand as nearly everybody writes it.
[[gnu::noinline]] Place read_parameter(Cursor cursor, ViaView& via) noexcept {
    Parameter parameter;
    bool ok = true;
    if (!next_via_parameter(cursor, parameter, ok)) return {ok ? cursor.position() : nullptr, nullptr};
    note(via, parameter);
    return {cursor.position(), parameter.whole.data() + parameter.whole.size()};
}

bool take_usual(Cursor& cursor, ViaView& via) noexcept {
    Parameter parameter;
    if (take_usual_parameter(cursor, ";branch=", parameter)) {
        note_branch(via, parameter);
    } else if (take_bare_rport(cursor, parameter) || take_usual_parameter(cursor, ";rport=", parameter)) {
        note_rport(via, parameter);
    } else if (take_usual_parameter(cursor, ";received=", parameter)) {
        note_received(via, parameter);
    } else {
        return false;
    }
    return true;
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
    while (!cursor.done()) {
        if (take_usual(cursor, *this)) {
            end = cursor.position();
            continue;
        }
        const Place place = read_parameter(cursor, *this);
        if (place.position == nullptr) return Failure(ParseError::bad_via);
        cursor.move_to(place.position);
        if (place.end == nullptr) break;
        end = place.end;
    }
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
