#include "tests/oracle/known_disagreements.hpp"

#include <optional>

#include "parser/chars.hpp"
#include "parser/cursor.hpp"
#include "parser/message_view.hpp"
#include "parser/name_addr.hpp"
#include "parser/replaces.hpp"

namespace sipsteer::oracle {
namespace {

/// `sip:a@b ;tag=1`: a bare URI, blanks, parameters.
bool blank_behind_bare_uri(const MessageView& message) {
    for (const HeaderId id : {HeaderId::from, HeaderId::to, HeaderId::contact}) {
        const HeaderField* field = message.find(id);
        if (field == nullptr) continue;
        const auto address = NameAddr::parse(field->value);
        if (address && !address->bracketed && !address->parameters.empty() &&
            address->uri.data() + address->uri.size() != address->parameters.data()) {
            return true;
        }
    }
    return false;
}

/// How often the parameter stands in a list.
int count_parameter(std::string_view parameters, std::string_view name) {
    Cursor cursor{parameters};
    Parameter parameter;
    bool ok = true;
    int count = 0;
    while (next_via_parameter(cursor, parameter, ok)) count += iequals(parameter.name, name) ? 1 : 0;
    return count;
}

/// A Route value with something in front of its bracket that is neither tokens nor a quoted string.
bool odd_display_name(const MessageView& message) {
    for (const HeaderField* field = message.find(HeaderId::route); field != nullptr;
         field = message.next(*field)) {
        std::string_view rest = field->value;
        while (const auto route = NameAddr::parse(rest)) {
            rest = route->rest;
            const std::string_view name = route->whole.substr(0, route->whole.find('<'));
            if (name.starts_with('"')) continue;
            for (const char c : name) {
                if (route->bracketed && !is(c, kToken) && !is_lws(c)) return true;
            }
        }
    }
    return false;
}

/// A second fold right behind a fold: a line of nothing but blanks, which LWS does not allow (RFC 3261
/// §25.1).
bool folded_twice(std::string_view value) {
    std::size_t line = value.find('\n');
    while (line != std::string_view::npos) {
        const std::size_t next = value.find_first_not_of(" \t\r", line + 1);
        if (next != std::string_view::npos && value[next] == '\n') return true;
        line = value.find('\n', line + 1);
    }
    return false;
}

/// Where a field of ours stands that sofia may cut short at such a fold.
std::optional<HeaderId> header_of(std::string_view field) {
    if (field == "cseq") return HeaderId::cseq;
    if (field == "replaces") return HeaderId::replaces;
    if (field == "from_tag") return HeaderId::from;
    if (field == "to_tag") return HeaderId::to;
    if (field.starts_with("via_")) return HeaderId::via;
    return std::nullopt;
}

/// Sofia ends a Via parameter where a comment begins, which RFC 2543 §6.40 had and RFC 3261 has no more.
bool ends_at_comment(std::string_view ours, std::string_view sofia) {
    return ours.starts_with(sofia) && ours.substr(sofia.size()).starts_with('(');
}

/// token, quoted-string or host: what a parameter value may be (RFC 3261 §25.1 gen-value).
bool is_gen_value(std::string_view value) {
    if (value.starts_with('"') || all_of(value, kToken)) return true;
    return value.size() > 2 && value.front() == '[' && value.back() == ']' &&
           all_of(value.substr(1, value.size() - 2), kIpv6);
}

/// A Replaces that is not quite of the grammar of RFC 3891 §6.1, but has clear ends all the same.
bool odd_replaces(const MessageView& message) {
    const std::string_view value = message.value(HeaderId::replaces);
    const auto replaces = Replaces::parse(value);
    if (!replaces) return false;
    int at_signs = 0;
    for (const char c : replaces->call_id) {
        if (c == '@') ++at_signs;
        if (!is(c, kToken) && std::string_view("()<>:\\\"/[]?{}@").find(c) == std::string_view::npos)
            return true;
    }
    if (at_signs > 1 || replaces->call_id.front() == '@' || replaces->call_id.back() == '@') return true;
    Cursor cursor{value.substr(replaces->call_id.size())};
    Parameter parameter;
    bool ok = true;
    while (next_parameter(cursor, parameter, ok)) {
        if (parameter.has_value && !is_gen_value(parameter.value)) return true;
    }
    return !all_of(replaces->to_tag, kToken) || !all_of(replaces->from_tag, kToken);
}

}  // namespace

std::string_view why_sofia_refuses(std::string_view datagram) {
    MessageView message;
    if (message.parse(datagram) && blank_behind_bare_uri(message)) {
        return "SEMI may have blanks before it (RFC 3261 §25.1), but sofia's URI runs on over a fold";
    }
    return {};
}

std::string_view why_they_differ(const std::string& field, std::string_view datagram, const Fields& ours,
                                 const Fields& sofia) {
    MessageView message;
    if (!message.parse(datagram)) return {};
    const ViaView& via = message.top_via();
    if (field == "via_rport" && ours.via_rport == "=" && sofia.via_rport == "-" && !via.rest.empty() &&
        via.rport_whole.data() + via.rport_whole.size() == via.value.data() + via.value.size()) {
        return "sofia overlooks rport without a value as the last parameter before a comma";
    }
    if (field.starts_with("via_") && count_parameter(via.parameters, field.substr(4)) > 1) {
        return "a Via parameter stands twice: we read, and overwrite, the first; sofia keeps the last";
    }
    if (field == "via_branch" && ends_at_comment(ours.via_branch, sofia.via_branch)) {
        return "a parenthesis in a branch, where RFC 2543 had comments: sofia ends the branch there";
    }
    if (const auto id = header_of(field); id && folded_twice(message.value(*id))) {
        return "a fold of nothing but blanks: sofia takes the field for ended there";
    }
    if (field.starts_with("route_") && odd_display_name(message)) {
        return "an unquoted display name that is no row of tokens: sofia takes it for a URI";
    }
    if (field == "replaces" && odd_replaces(message)) {
        return "behind a byte that may not stand in a Call-ID or parameter, sofia takes all the rest for the "
               "value";
    }
    return {};
}

}  // namespace sipsteer::oracle
