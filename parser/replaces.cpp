#include "parser/replaces.hpp"

#include "parser/chars.hpp"
#include "parser/cursor.hpp"
#include "parser/identifier.hpp"

namespace sipsteer {
namespace {

/// callid = word [ "@" word ]: no blank, no control, no `;` and no `,` (RFC 3261 §25.1).
std::string_view take_call_id(Cursor& cursor) noexcept {
    const char* begin = cursor.position();
    while (!cursor.done()) {
        const char c = cursor.peek();
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f || c == ';' || c == ',') break;
        cursor.take(c);
    }
    return {begin, static_cast<std::size_t>(cursor.position() - begin)};
}

/// Sets `field` once; a second one, or one without a value, is an error.
bool set_tag(std::string_view& field, const Parameter& parameter) noexcept {
    if (!field.empty() || parameter.value.empty()) return false;
    field = parameter.value;
    return true;
}

Result<Replaces> parse_dialog(std::string_view value, std::string_view to_name,
                              std::string_view from_name) noexcept {
    Cursor cursor{trim_lws(value)};
    Replaces dialog;
    dialog.call_id = take_call_id(cursor);
    if (dialog.call_id.empty()) return Failure(ParseError::bad_replaces);
    Parameter parameter;
    bool ok = true;
    while (ok && next_parameter(cursor, parameter, ok)) {
        if (iequals(parameter.name, to_name)) {
            ok = set_tag(dialog.to_tag, parameter);
        } else if (iequals(parameter.name, from_name)) {
            ok = set_tag(dialog.from_tag, parameter);
        } else if (iequals(parameter.name, "early-only")) {
            dialog.early_only = true;
        }
    }
    cursor.skip_lws();
    if (!ok || !cursor.done() || dialog.to_tag.empty() || dialog.from_tag.empty()) {
        return Failure(ParseError::bad_replaces);
    }
    if (dialog.call_id.size() > kMaxIdentifier || dialog.to_tag.size() > kMaxIdentifier ||
        dialog.from_tag.size() > kMaxIdentifier) {
        return Failure(ParseError::value_too_long);
    }
    return dialog;
}

}  // namespace

Result<Replaces> Replaces::parse(std::string_view value) noexcept {
    return parse_dialog(value, "to-tag", "from-tag");
}

Result<Replaces> Replaces::parse_target_dialog(std::string_view value) noexcept {
    return parse_dialog(value, "remote-tag", "local-tag");
}

}  // namespace sipsteer
