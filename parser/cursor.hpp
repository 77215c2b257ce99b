#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/chars.hpp"
#include "parser/value_scan.hpp"

namespace sipsteer {

/// A place in a header value, moved forward by small steps. Reads only inside the value; every step
/// is bounded by its end. Blanks are LWS (RFC 3261 §25.1), so a fold is one of them.
class Cursor {
  public:
    explicit constexpr Cursor(std::string_view text) noexcept
        : begin_(text.data()), at_(begin_), end_(begin_ + text.size()) {}

    [[nodiscard]] constexpr bool done() const noexcept { return at_ == end_; }
    [[nodiscard]] constexpr const char* position() const noexcept { return at_; }
    [[nodiscard]] constexpr std::string_view rest() const noexcept {
        return {at_, static_cast<std::size_t>(end_ - at_)};
    }
    [[nodiscard]] constexpr char peek() const noexcept { return at_ == end_ ? '\0' : *at_; }

    constexpr void skip_lws() noexcept {
        while (at_ != end_ && is_lws(*at_)) ++at_;
    }

    /// Takes `c` if it stands here.
    constexpr bool take(char c) noexcept {
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }

    /// Takes `c` with blanks on both sides (SEMI, EQUAL, SLASH, COLON of RFC 3261 §25.1). On false
    /// only leading blanks are consumed.
    constexpr bool take_separator(char c) noexcept {
        skip_lws();
        if (!take(c)) return false;
        skip_lws();
        return true;
    }

    /// The run of characters of `classes` here; may be empty.
    constexpr std::string_view take_while(std::uint16_t classes) noexcept {
        const char* begin = at_;
        while (at_ != end_ && is(*at_, classes)) ++at_;
        return {begin, static_cast<std::size_t>(at_ - begin)};
    }

    /// The run of `kValue` here; may be empty.
    std::string_view take_value() noexcept { return take_to(find_value_end(begin_, at_, end_)); }

    /// The run of `kHost` here; may be empty.
    std::string_view take_host() noexcept { return take_to(find_host_end(begin_, at_, end_)); }

    /// The run of `kUri` here; may be empty.
    std::string_view take_uri() noexcept { return take_to(find_uri_end(begin_, at_, end_)); }

    /// Takes a port (see read_port).
    constexpr bool take_port(std::uint16_t& port) noexcept {
        const char* const end = read_port(at_, end_, port);
        if (end != nullptr) at_ = end;
        return end != nullptr;
    }

    /// Takes that text if it stands here, letter for letter.
    template <std::size_t Size>
    constexpr bool take_exactly(const char (&text)[Size]) noexcept {
        if (!rest().starts_with(std::string_view{text, Size - 1})) return false;
        at_ += Size - 1;
        return true;
    }

    /// A quoted string with its quotes, escapes honoured; empty when it does not start here or does
    /// not end (RFC 3261 §25.1 quoted-string).
    std::string_view take_quoted() noexcept {
        if (peek() != '"') return {};
        const char* p = find_quoted_end(begin_, at_ + 1, end_);
        while (p != end_ && *p != '"') {
            if (end_ - p <= 2) return {};
            p = find_quoted_end(begin_, p + 2, end_);
        }
        return p == end_ ? std::string_view{} : take_to(p + 1);
    }

    constexpr void move_to(const char* position) noexcept { at_ = position; }

  private:
    constexpr std::string_view take_to(const char* position) noexcept {
        const char* const begin = at_;
        at_ = position;
        return {begin, static_cast<std::size_t>(position - begin)};
    }

    const char* begin_;
    const char* at_;
    const char* end_;
};

/// One `name[=value]` of a header parameter list, without the semicolon.
struct Parameter {
    std::string_view name;
    std::string_view value;  ///< empty when there is none; a quoted value keeps its quotes
    bool has_value = false;
    std::string_view whole;  ///< from the semicolon to the end of the value
};

/// Reads the next `;name[=value]` at `cursor`. Returns false and leaves `cursor` behind blanks when
/// no semicolon stands there. `ok` turns false on an empty name, an empty value behind `=`, or an
/// unbalanced quote (RFC 3261 §25.1 generic-param; a value may also hold `[]:` as in a host).
[[nodiscard]] inline bool next_parameter(Cursor& cursor, Parameter& parameter, bool& ok) noexcept {
    cursor.skip_lws();
    const char* begin = cursor.position();
    if (!cursor.take(';')) return false;
    cursor.skip_lws();
    parameter = {};
    parameter.name = cursor.take_while(kToken);
    if (parameter.name.empty()) {
        ok = false;
        return false;
    }
    const char* end = cursor.position();
    if (cursor.take_separator('=')) {
        parameter.has_value = true;
        if (cursor.peek() == '"') {
            parameter.value = cursor.take_quoted();
        } else {
            parameter.value = cursor.take_value();
        }
        if (parameter.value.empty()) {
            ok = false;
            return false;
        }
        end = cursor.position();
    } else {
        cursor.move_to(end);
    }
    parameter.whole = {begin, static_cast<std::size_t>(end - begin)};
    return true;
}

/// Takes `;name=value` when it stands here as nearly everybody writes it: this `text` from semicolon to equal
/// sign, no blanks, no quotes. Else leaves all as it was, for next_parameter.
template <std::size_t Size>
[[nodiscard]] inline bool take_usual_parameter(Cursor& cursor, const char (&text)[Size],
                                               Parameter& parameter) noexcept {
    const char* const begin = cursor.position();
    if (!cursor.take_exactly(text)) return false;
    const std::string_view value = cursor.take_value();
    if (value.empty()) {
        cursor.move_to(begin);
        return false;
    }
    parameter.value = value;
    parameter.whole = {begin, static_cast<std::size_t>(cursor.position() - begin)};
    return true;
}

}  // namespace sipsteer
