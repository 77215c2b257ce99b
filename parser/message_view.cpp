#include "parser/message_view.hpp"

#include <algorithm>

#include "parser/chars.hpp"
#include "parser/cursor.hpp"
#include "parser/header_names.hpp"
#include "parser/line_scan.hpp"
#include "parser/name_addr.hpp"
#include "parser/sip_uri.hpp"

namespace sipsteer {
namespace {

constexpr std::uint32_t kMaxCSeq = 0x7fffffff;  // RFC 3261 §8.1.1.5: below 2^31
constexpr std::uint32_t kMaxMaxForwards = 255;  // RFC 3261 §20.22
constexpr std::uint32_t kMaxContentLength = 0x7fffffff;
constexpr std::size_t kMaxHeaderName = 256;

std::string_view between(const char* begin, const char* end) noexcept {
    return {begin, static_cast<std::size_t>(end - begin)};
}

/// `SIP/x.y` in any case: the last word of a request line, the first of a status line.
bool looks_like_version(std::string_view word) noexcept {
    return word.size() >= 5 && iequals(word.substr(0, 4), "SIP/") && is(word[4], kDigit);
}

bool is_version_2(std::string_view word) noexcept { return word.size() == 7 && word.substr(4) == "2.0"; }

constexpr std::string_view kRequestLineEnd = " SIP/2.0";

/// Keeps the first error of a message, so that reading goes on behind it.
void keep_first(Result<void>& kept, const Result<void>& now) noexcept {
    if (kept && !now) kept = now;
}

Result<void> parse_once(const MessageView& message, HeaderId id, ParseError missing) noexcept {
    const HeaderField* field = message.find(id);
    if (field == nullptr) return Failure(missing);
    if (message.next(*field) != nullptr) return Failure(ParseError::duplicate_header);
    return {};
}

/// Nearly every Call-ID is made of what may stand in a URI, where no blank may.
bool has_blank(std::string_view text) noexcept {
    const char* const end = text.data() + text.size();
    return std::any_of(find_uri_end(text.data(), end), end, is_lws);
}

/// The tag of a From or To header.
Result<std::string_view> tag_of(const HeaderField& field, ParseError bad) noexcept {
    NameAddr address;
    if (!address.read(field.value) || !address.rest.empty()) return Failure(bad);
    const auto tag = address.tag();
    if (!tag) return Failure(tag.error() == ParseError::value_too_long ? tag.error() : bad);
    return *tag;
}

}  // namespace

bool MessageView::is_keepalive(std::string_view bytes) noexcept {
    return std::ranges::all_of(bytes, [](char c) { return c == '\r' || c == '\n' || c == '\0'; });
}

Result<void> MessageView::parse(std::string_view bytes, const ParseLimits& limits) noexcept {
    while (bytes.size() >= 2 && bytes[0] == '\r' && bytes[1] == '\n') bytes.remove_prefix(2);
    bytes_ = bytes;
    body_ = method_token_ = request_uri_ = call_id_ = from_tag_ = to_tag_ = {};
    top_via_ = {};
    cseq_number_ = 0;
    max_forwards_ = -1;
    status_code_ = 0;
    method_ = Method::other;
    field_count_ = 0;
    first_.fill(HeaderField::kNone);

    const char* const end = bytes.data() + bytes.size();
    LineBreaks breaks{bytes};
    const char* const line_end = breaks.next();
    start_line_ = between(bytes.data(), line_end);
    headers_end_ = line_end;
    Result<void> result = parse_start_line();
    if (!result && result.error() == ParseError::not_sip) return result;
    if (line_end == end) return Failure(ParseError::incomplete);
    const bool crlf = end - line_end >= 2 && line_end[0] == '\r' && line_end[1] == '\n';
    if (!crlf) keep_first(result, Failure(ParseError::bad_line_end));
    if (crlf) breaks.skip_line_feed();
    const char* const headers = line_end + (crlf ? 2 : 1);
    start_line_ = between(bytes.data(), headers);

    keep_first(result, scan_headers(breaks, headers, end, limits));
    keep_first(result, read_core());
    if (result) result = read_body();
    return result;
}

Result<void> MessageView::parse_start_line() noexcept {
    const std::string_view line = start_line_;
    Cursor cursor{line};
    const std::string_view token = cursor.take_while(kToken);
    if (line.ends_with(kRequestLineEnd) && cursor.take(' ')) {
        const char* const uri_end = line.data() + line.size() - kRequestLineEnd.size();
        if (cursor.position() < uri_end && find_uri_end(cursor.position(), uri_end) == uri_end) {
            // As everybody writes it: nothing is left to check.
            method_token_ = token;
            method_ = method_of(token);
            request_uri_ = between(cursor.position(), uri_end);
            return {};
        }
    }
    std::size_t first_blank = 0;
    while (first_blank < line.size() && line[first_blank] != ' ' && line[first_blank] != '\t') ++first_blank;
    if (first_blank == 0 || first_blank == line.size()) return Failure(ParseError::not_sip);
    const std::string_view first = line.substr(0, first_blank);
    if (looks_like_version(first)) {
        // Status-Line: SIP-Version SP 3DIGIT SP Reason-Phrase; a missing last SP is tolerated.
        status_code_ = 1;
        const std::string_view rest = line.substr(first_blank + 1);
        const std::string_view code = rest.substr(0, 3);
        std::uint32_t status = 0;
        if (!is_version_2(first) || line[first_blank] != ' ' || code.size() != 3 ||
            !parse_number(code, 699, status) || status < 100 || (rest.size() > 3 && rest[3] != ' ')) {
            return Failure(ParseError::bad_start_line);
        }
        status_code_ = static_cast<std::uint16_t>(status);
        return {};
    }
    // Request-Line: Method SP Request-URI SP SIP-Version, single blanks, none inside the URI.
    std::string_view tail = line;
    while (!tail.empty() && (tail.back() == ' ' || tail.back() == '\t')) tail.remove_suffix(1);
    const std::size_t last_blank = tail.find_last_of(" \t");
    const std::string_view version = tail.substr(last_blank + 1);
    if (!all_of(first, kToken) || !looks_like_version(version)) return Failure(ParseError::not_sip);
    method_token_ = first;
    method_ = method_of(first);
    if (tail.size() != line.size() || last_blank <= first_blank + 1 || line[first_blank] != ' ' ||
        line[last_blank] != ' ') {
        return Failure(ParseError::bad_start_line);
    }
    request_uri_ = line.substr(first_blank + 1, last_blank - first_blank - 1);
    if (!is_version_2(version)) return Failure(ParseError::bad_version);
    if (request_uri_.find_first_of(" \t<>\"") != std::string_view::npos)
        return Failure(ParseError::bad_start_line);
    return {};
}

inline void MessageView::add_field(HeaderId id, std::string_view line, std::string_view value) noexcept {
    const auto slot = static_cast<std::size_t>(id);
    HeaderField* const fields = fields_.data();
    fields[field_count_] = {id, HeaderField::kNone, line, value};
    if (std::uint8_t& first = first_.data()[slot]; first == HeaderField::kNone) {
        first = field_count_;
    } else {
        fields[last_.data()[slot]].next = field_count_;
    }
    last_.data()[slot] = field_count_++;
}

Result<void> MessageView::scan_headers(LineBreaks breaks, const char* at, const char* end,
                                       const ParseLimits& limits) noexcept {
    Result<void> result;
    const std::uint32_t max_lines = std::min(limits.headers, ParseLimits::kMaxHeaders);
    std::uint32_t lines = 0;
    const char* line = at;  // first byte of the current header line, which may go on in folds
    for (;;) {
        const char* const stop = breaks.next();
        if (stop == end) {
            headers_end_ = end;
            keep_first(result, Failure(ParseError::incomplete));
            return result;
        }
        const char* after = stop + 1;
        if (*stop == '\r' && after != end && *after == '\n') [[likely]] {
            breaks.skip_line_feed();
            ++after;
        } else {
            keep_first(result, Failure(ParseError::bad_line_end));
            if (*stop != '\n') continue;  // it ends no line
        }
        if (stop == line) {
            headers_end_ = line;
            body_ = between(after, end);
            return result;
        }
        if (after != end && (*after == ' ' || *after == '\t')) continue;
        if (static_cast<std::size_t>(after - line) > limits.line_bytes) {
            keep_first(result, Failure(ParseError::line_too_long));
        } else if (++lines > max_lines) {
            keep_first(result, Failure(ParseError::too_many_headers));
            headers_end_ = line;
            return result;
        } else if (const KnownName name = known_name(line, end); name.id != HeaderId::other) {
            const char* first = line + name.length;
            while (first != stop && is_lws(*first)) ++first;
            const char* last = stop;
            while (last != first && is_lws(last[-1])) --last;
            add_field(name.id, between(line, after), between(first, last));
        } else {
            keep_first(result, add_other(line, stop, after));
        }
        line = after;
    }
}

/// A header that is none of the known ones, or one of them in an unusual way: compact, or with blanks before
/// the colon.
Result<void> MessageView::add_other(const char* line, const char* text_end, const char* line_end) noexcept {
    const char* const limit = std::min(text_end, line + kMaxHeaderName + 1);
    const char* const plain_end = find_name_end(line, limit);
    if (plain_end != limit && *plain_end == ':' && plain_end - line > 1) return {};
    const char* const colon = std::find(plain_end, limit, ':');
    if (colon == limit) return Failure(ParseError::bad_header);
    std::string_view name = between(line, colon);
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
    if (name.empty() || !all_of(name, kToken)) return Failure(ParseError::bad_header);
    const HeaderId id = header_id(name);
    if (id != HeaderId::other) add_field(id, between(line, line_end), trim_lws(between(colon + 1, text_end)));
    return {};
}

Result<void> MessageView::read_core() noexcept {
    Result<void> result;
    if (const HeaderField* via = find(HeaderId::via)) {
        if (const auto parsed = top_via_.read(via->value); !parsed) {
            top_via_ = {};
            keep_first(result, parsed);
        }
    } else {
        keep_first(result, Failure(ParseError::missing_via));
    }
    keep_first(result, parse_once(*this, HeaderId::call_id, ParseError::missing_call_id));
    if (const HeaderField* field = find(HeaderId::call_id)) {
        call_id_ = field->value;
        if (call_id_.empty() || has_blank(call_id_)) keep_first(result, Failure(ParseError::bad_call_id));
        if (call_id_.size() > kMaxIdentifier) keep_first(result, Failure(ParseError::value_too_long));
    }
    keep_first(result, read_cseq());
    keep_first(result, read_addresses());
    if (const HeaderField* field = find(HeaderId::max_forwards)) {
        std::uint32_t value = 0;
        if (next(*field) != nullptr) keep_first(result, Failure(ParseError::duplicate_header));
        if (parse_number(field->value, kMaxMaxForwards, value)) {
            max_forwards_ = static_cast<int>(value);
        } else {
            keep_first(result, Failure(ParseError::bad_max_forwards));
        }
    }
    if (request_uri_.size() > kMaxUri) keep_first(result, Failure(ParseError::value_too_long));
    return result;
}

Result<void> MessageView::read_cseq() noexcept {
    Result<void> result = parse_once(*this, HeaderId::cseq, ParseError::missing_cseq);
    const HeaderField* field = find(HeaderId::cseq);
    if (field == nullptr) return result;
    Cursor cursor{field->value};
    const std::string_view digits = cursor.take_while(kDigit);
    const bool blank = is_lws(cursor.peek());
    cursor.skip_lws();
    const std::string_view method = cursor.take_while(kToken);
    if (!parse_number(digits, kMaxCSeq, cseq_number_) || !blank || method.empty() || !cursor.done()) {
        keep_first(result, Failure(ParseError::bad_cseq));
    } else if (is_request()) {
        if (method != method_token_) keep_first(result, Failure(ParseError::cseq_method_mismatch));
    } else {
        method_token_ = method;
        method_ = method_of(method);
    }
    return result;
}

Result<void> MessageView::read_addresses() noexcept {
    Result<void> result = parse_once(*this, HeaderId::from, ParseError::missing_from);
    keep_first(result, parse_once(*this, HeaderId::to, ParseError::missing_to));
    if (const HeaderField* field = find(HeaderId::from)) {
        const auto tag = tag_of(*field, ParseError::bad_from);
        if (tag) from_tag_ = *tag;
        if (!tag) keep_first(result, Failure(tag.error()));
    }
    if (const HeaderField* field = find(HeaderId::to)) {
        const auto tag = tag_of(*field, ParseError::bad_to);
        if (tag) to_tag_ = *tag;
        if (!tag) keep_first(result, Failure(tag.error()));
    }
    return result;
}

Result<void> MessageView::read_body() noexcept {
    const HeaderField* field = find(HeaderId::content_length);
    if (field == nullptr) return {};
    if (next(*field) != nullptr) return Failure(ParseError::duplicate_header);
    std::uint32_t length = 0;
    if (!parse_number(field->value, kMaxContentLength, length))
        return Failure(ParseError::bad_content_length);
    if (length > body_.size()) return Failure(ParseError::body_truncated);
    body_ = body_.substr(0, length);
    bytes_ = between(bytes_.data(), body_.data() + body_.size());
    return {};
}

}  // namespace sipsteer
