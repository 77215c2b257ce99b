#include <map>
#include <vector>

#include "parser/chars.hpp"
#include "parser/identifier.hpp"
#include "parser/message_view.hpp"
#include "tests/fuzz/laws/laws.hpp"
#include "tests/fuzz/laws/views.hpp"

namespace sipsteer::laws {
namespace {

constexpr HeaderId kOnce[] = {HeaderId::from, HeaderId::to, HeaderId::call_id, HeaderId::cseq};

/// The header that a line begins, in the plainest way there is.
HeaderId id_of(std::string_view line) {
    std::string_view name = line.substr(0, line.find(':'));
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
    return header_id(name);
}

/// How often each header stands in a header section, read in the plainest way there is: a second
/// opinion on what scan_headers() finds.
std::map<HeaderId, int> count_headers(std::string_view section) {
    std::map<HeaderId, int> count;
    while (!section.empty()) {
        std::size_t end = section.find("\r\n");
        while (end + 2 < section.size() && (section[end + 2] == ' ' || section[end + 2] == '\t')) {
            end = section.find("\r\n", end + 2);
        }
        ++count[id_of(section)];
        section.remove_prefix(end + 2);
    }
    return count;
}

/// No CR without LF, no LF without CR, no NUL.
bool sound_line_ends(std::string_view text) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\0') return false;
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) return false;
        if (text[i] == '\r' && (i + 1 == text.size() || text[i + 1] != '\n')) return false;
    }
    return true;
}

std::string views_law(const MessageView& message, std::string_view input) {
    const ViaView& via = message.top_via();
    for (const std::string_view view :
         {message.bytes(), message.start_line(), message.body(), message.method_token(),
          message.request_uri(), message.call_id(), message.from_tag(), message.to_tag(), via.value,
          via.transport, via.host, via.branch, via.maddr, via.received, via.rport, via.received_whole,
          via.rport_whole, via.parameters, via.rest}) {
        if (!inside(view, input)) return "every view lies within the input";
    }
    return {};
}

std::string fields_law(const MessageView& message, std::string_view input) {
    int total = 0;
    for (std::size_t i = 0; i < kHeaderIdCount; ++i) {
        const auto id = static_cast<HeaderId>(i);
        const char* behind = input.data();
        for (const HeaderField* field = message.find(id); field != nullptr; field = message.next(*field)) {
            SIPSTEER_HOLDS(id_of(field->line) == id);
            SIPSTEER_HOLDS(inside(field->line, input) && inside(field->value, field->line));
            SIPSTEER_HOLDS(field->line.data() >= behind);
            SIPSTEER_HOLDS(field->value.empty() ||
                           (!is_lws(field->value.front()) && !is_lws(field->value.back())));
            behind = field->line.data() + field->line.size();
            SIPSTEER_HOLDS(++total <= static_cast<int>(ParseLimits::kMaxHeaders));
        }
    }
    return {};
}

/// The guarantees in the doc comment of MessageView.
std::string success_law(const MessageView& message) {
    const std::string_view bytes = message.bytes();
    const std::string_view start = message.start_line();
    SIPSTEER_HOLDS(start.size() > 2 && start.data() == bytes.data() && start.ends_with("\r\n"));
    SIPSTEER_HOLDS(message.headers_end() >= start.data() + start.size());
    SIPSTEER_HOLDS(message.headers_end() + 2 <= bytes.data() + bytes.size());
    SIPSTEER_HOLDS(std::string_view(message.headers_end(), 2) == "\r\n");
    SIPSTEER_HOLDS(message.body().data() == message.headers_end() + 2);
    SIPSTEER_HOLDS(message.body().data() + message.body().size() == bytes.data() + bytes.size());

    const auto head = static_cast<std::size_t>(message.headers_end() - bytes.data());
    SIPSTEER_HOLDS(sound_line_ends(bytes.substr(0, head)));
    const auto count = count_headers(bytes.substr(start.size(), head - start.size()));
    for (std::size_t i = 0; i < kHeaderIdCount; ++i) {
        const auto id = static_cast<HeaderId>(i);
        int found = 0;
        for (const HeaderField* field = message.find(id); field != nullptr; field = message.next(*field)) {
            SIPSTEER_HOLDS(field->line.ends_with("\r\n"));
            ++found;
        }
        SIPSTEER_HOLDS(found == (count.contains(id) ? count.at(id) : 0));
    }
    for (const HeaderId id : kOnce) SIPSTEER_HOLDS(count.contains(id) && count.at(id) == 1);
    SIPSTEER_HOLDS(!count.contains(HeaderId::content_length) || count.at(HeaderId::content_length) == 1);
    SIPSTEER_HOLDS(!count.contains(HeaderId::max_forwards) || count.at(HeaderId::max_forwards) == 1);

    const ViaView& via = message.top_via();
    SIPSTEER_HOLDS(!via.transport.empty() && !via.host.empty() && via.branch.size() <= kMaxIdentifier);
    SIPSTEER_HOLDS(!message.call_id().empty() && message.call_id().size() <= kMaxIdentifier);
    SIPSTEER_HOLDS(message.call_id().find_first_of(" \t\r\n") == std::string_view::npos);
    SIPSTEER_HOLDS(message.from_tag().size() <= kMaxIdentifier && message.to_tag().size() <= kMaxIdentifier);
    SIPSTEER_HOLDS(message.cseq_number() <= 0x7fffffff);
    SIPSTEER_HOLDS(message.max_forwards() >= -1 && message.max_forwards() <= 255);
    SIPSTEER_HOLDS(message.has(HeaderId::max_forwards) == (message.max_forwards() >= 0));
    SIPSTEER_HOLDS(!message.method_token().empty() &&
                   message.value(HeaderId::cseq).ends_with(message.method_token()));
    SIPSTEER_HOLDS(message.method() == method_of(message.method_token()));
    if (message.is_request()) {
        SIPSTEER_HOLDS(start.starts_with(message.method_token()) && !message.request_uri().empty());
        SIPSTEER_HOLDS(message.request_uri().find_first_of(" \t<>\"") == std::string_view::npos);
    } else {
        SIPSTEER_HOLDS(message.status_code() >= 100 && message.status_code() <= 699);
    }
    return {};
}

bool same(const MessageView& a, const MessageView& b) {
    return a.bytes() == b.bytes() && a.body() == b.body() && a.start_line() == b.start_line() &&
           a.call_id() == b.call_id() && a.from_tag() == b.from_tag() && a.to_tag() == b.to_tag() &&
           a.cseq_number() == b.cseq_number() && a.method_token() == b.method_token() &&
           a.request_uri() == b.request_uri() && a.status_code() == b.status_code() &&
           a.top_via().value == b.top_via().value && a.max_forwards() == b.max_forwards();
}

/// What an answer copies must not be able to end its header (RFC 3261 §8.2.6).
std::string answer_law(const MessageView& message) {
    SIPSTEER_HOLDS(message.is_request() && !message.top_via().host.empty());
    for (const HeaderId id :
         {HeaderId::via, HeaderId::from, HeaderId::to, HeaderId::call_id, HeaderId::cseq}) {
        for (const HeaderField* field = message.find(id); field != nullptr; field = message.next(*field)) {
            SIPSTEER_HOLDS(count_headers(std::string("V: ").append(field->value) + "\r\n").size() == 1);
        }
    }
    return {};
}

}  // namespace

std::string message_view_law(std::string_view input) {
    // A view is reused from message to message: what the last one left must not show.
    static constexpr std::string_view kOther =
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP other.example;branch=z9hG4bKother\r\nFrom: "
        "<sip:other@example>;tag=o1\r\n"
        "To: <sip:other@example>;tag=o2\r\nCall-ID: other\r\nCSeq: 77 OTHER\r\nMax-Forwards: 7\r\nl: "
        "3\r\n\r\nabc";
    MessageView used;
    SIPSTEER_HOLDS(used.parse(kOther).has_value());
    MessageView message;
    const auto result = message.parse(input);
    const auto again = used.parse(input);
    SIPSTEER_HOLDS(result.has_value() == again.has_value() && (result || result.error() == again.error()));
    SIPSTEER_HOLDS(same(message, used));

    std::string broken = views_law(message, input);
    if (broken.empty()) broken = fields_law(message, input);
    if (broken.empty() && result) broken = success_law(message);
    if (broken.empty() && message.can_answer()) broken = answer_law(message);
    if (!broken.empty() || !result) return broken;

    SIPSTEER_HOLDS(!MessageView::is_keepalive(input));
    SIPSTEER_HOLDS(used.parse(message.bytes()).has_value() && same(message, used));
    return {};
}

}  // namespace sipsteer::laws
