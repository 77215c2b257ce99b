#include "parser/name_addr.hpp"

#include "parser/chars.hpp"
#include "parser/cursor.hpp"

namespace sipsteer {
namespace {

/// Moves behind a display name, to the `<`. False when there is none: then it is a bare addr-spec.
/// What can only stand in a URI or behind one ends the search, as controls do, or the bracket of a later
/// value would be taken for that of the first.
bool find_bracket(Cursor& cursor, bool& ok) noexcept {
    while (!cursor.done() && cursor.peek() != '<') {
        const char c = cursor.peek();
        if (c == '"') {
            if (!cursor.take_quoted().empty()) continue;
            ok = false;
            return false;
        }
        if (c == ':' || c == ';' || c == ',' || !(is(c, kUri) || is_lws(c))) return false;
        cursor.take(c);
    }
    return !cursor.done();
}

/// A bare URI ends at a blank, a semicolon, a comma or a question mark: with any of them inside, the
/// brackets are a must (RFC 3261 §20.10).
std::string_view take_bare_uri(Cursor& cursor) noexcept {
    const char* begin = cursor.position();
    while (!cursor.done()) {
        const char c = cursor.peek();
        if (!is(c, kUri) || c == ';' || c == ',' || c == '?') break;
        cursor.take(c);
    }
    return {begin, static_cast<std::size_t>(cursor.position() - begin)};
}

std::string_view take_bracketed_uri(Cursor& cursor) noexcept {
    cursor.take('<');
    const std::string_view uri = cursor.take_uri();
    return cursor.take('>') ? uri : std::string_view{};
}

/// Reads a value of any form.
[[gnu::noinline]] Result<void> read_any(NameAddr& address, std::string_view header) noexcept {
    Cursor cursor{trim_lws(header)};
    const char* const begin = cursor.position();
    bool ok = true;
    address.bracketed = find_bracket(cursor, ok);
    if (!ok) return Failure(ParseError::bad_name_addr);
    if (address.bracketed) {
        address.uri = take_bracketed_uri(cursor);
    } else {
        cursor.move_to(begin);
        address.uri = take_bare_uri(cursor);
    }
    if (address.uri.empty()) return Failure(ParseError::bad_name_addr);
    const char* end = cursor.position();
    cursor.skip_lws();
    const char* const first_parameter = cursor.position();
    for (Parameter parameter; next_parameter(cursor, parameter, ok);) {
        end = cursor.position();
        if (is_word(parameter.name, "tag") && address.tag_count++ == 0) address.first_tag = parameter.value;
    }
    if (!ok) return Failure(ParseError::bad_name_addr);
    if (end > first_parameter)
        address.parameters = {first_parameter, static_cast<std::size_t>(end - first_parameter)};
    address.whole = {begin, static_cast<std::size_t>(end - begin)};
    cursor.skip_lws();
    if (cursor.done()) return {};
    if (!cursor.take(',')) return Failure(ParseError::bad_name_addr);
    cursor.skip_lws();
    if (cursor.done()) return Failure(ParseError::bad_name_addr);
    address.rest = cursor.rest();
    return {};
}

}  // namespace

Result<NameAddr> NameAddr::parse(std::string_view header) noexcept {
    Result<NameAddr> value{NameAddr{}};
    if (const auto read = value->read(header); !read) value = Failure(read.error());
    return value;
}

Result<void> NameAddr::read(std::string_view header) noexcept {
    if (read_usual(header)) [[likely]]
        return {};
    return read_any(*this, header);
}

}  // namespace sipsteer
