#include "parser/message_view.hpp"

#include <algorithm>
#include <cstring>
#include <numeric>

#include "parser/chars.hpp"
#include "parser/controls.hpp"
#include "parser/cursor.hpp"
#include "parser/header_names.hpp"
#include "parser/identifier.hpp"
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
constexpr std::string_view kStatusLineBegin = "SIP/2.0 ";

/// No field of any id: what comes first is linked from the head.
template <std::size_t Heads, std::size_t Ids>
consteval std::array<std::uint16_t, Ids> fresh_links() {
    std::array<std::uint16_t, Ids> links{};
    std::iota(links.begin(), links.end(), std::uint16_t{Heads});
    return links;
}

/// Keeps the first error of a message, so that reading goes on behind it.
[[gnu::cold]] void fail(Result<void>& result, ParseError error) noexcept {
    if (result) result = Failure(error);
}

void keep_first(Result<void>& result, const Result<void>& now) noexcept {
    if (!now) fail(result, now.error());
}

/// A header value ends before a blank or a line break, so the search goes safely beyond, up to `end`.
bool has_blank(std::string_view text, const char* end) noexcept {
    const char* const text_end = text.data() + text.size();
    const char* const odd = find_solid_end(text.data(), end);
    return odd < text_end && std::any_of(odd, text_end, is_lws);
}

/// Neither blank nor control.
bool is_solid(char c) noexcept { return static_cast<unsigned char>(c) > ' '; }

/// What stands between a name and its line's break at `end`, without the blanks around it: nearly always one
/// in front. A break is not solid, so a solid first character means that there is one.
std::string_view value_between(const char* begin, const char* end) noexcept {
    if (*begin == ' ' && is_solid(begin[1]) && is_solid(end[-1])) [[likely]]
        return between(begin + 1, end);
    return trim_lws(between(begin, end));
}

/// The line with the break at `stop` ends in CRLF, and the next one begins with no blank, no break: no fold,
/// no end of the header section, and nothing wrong.
bool ends_plainly(const char* stop, const char* end) noexcept {
    return end - stop > 2 && std::memcmp(stop, "\r\n", 2) == 0 && is_solid(stop[2]);
}

/// The URI and the tag of a From or To header of any form.
[[gnu::noinline]] void read_any_address(const HeaderField& field, ParseError bad, std::string_view& uri,
                                        std::string_view& tag, Result<void>& result) noexcept {
    NameAddr address;
    if (!address.read(field.value) || !address.rest.empty()) return fail(result, bad);
    uri = address.uri;
    const auto read = address.tag();
    if (!read) return fail(result, read.error() == ParseError::value_too_long ? read.error() : bad);
    tag = *read;
}

/// The same. What is usual goes from registers to where it is kept: from an object in memory it would be read
/// as soon as written, and wait.
void read_address(const HeaderField& field, ParseError bad, std::string_view& uri, std::string_view& tag,
                  Result<void>& result) noexcept {
    NameAddr usual;
    if (!usual.read_usual(field.value)) return read_any_address(field, bad, uri, tag, result);
    uri = usual.uri;
    if (usual.first_tag.size() > kMaxIdentifier) return fail(result, ParseError::value_too_long);
    tag = usual.first_tag;
}

}  // namespace

bool MessageView::is_keepalive(std::string_view bytes) noexcept {
    return std::ranges::all_of(bytes, is_line_break);
}

Result<void> MessageView::parse(std::string_view bytes, const ParseLimits& limits) noexcept {
    while (bytes.size() >= 2 && bytes[0] == '\r' && bytes[1] == '\n') bytes.remove_prefix(2);
    bytes_ = bytes;
    body_ = {};
    method_token_ = {};
    request_uri_ = {};
    call_id_ = {};
    from_tag_ = {};
    to_tag_ = {};
    top_via_ = {};
    cseq_number_ = 0;
    max_forwards_ = -1;
    status_code_ = 0;
    method_ = Method::other;
    std::fill_n(links_.begin() + kHeads, kIds, kNone);
    last_links_ = fresh_links<kHeads, kIds>();

    const char* const end = bytes.data() + bytes.size();
    Controls controls{bytes};
    const char* const line_end = controls.next_break(bytes.data());
    start_line_ = between(bytes.data(), line_end);
    headers_end_ = line_end;
    Result<void> result = parse_start_line();
    if (!result && result.error() == ParseError::not_sip) return result;
    if (line_end == end) return Failure(ParseError::incomplete);
    const bool crlf = end - line_end >= 2 && line_end[0] == '\r' && line_end[1] == '\n';
    if (!crlf) fail(result, ParseError::bad_line_end);
    const char* const headers = line_end + (crlf ? 2 : 1);
    start_line_ = between(bytes.data(), headers);

    keep_first(result, scan_headers(controls, headers, limits));
    keep_first(result, read_core());
    if (!result) return result;
    return read_body();
}

inline Result<void> MessageView::parse_start_line() noexcept {
    const std::string_view line = start_line_;
    if (line.starts_with(kStatusLineBegin)) return read_status(line.substr(kStatusLineBegin.size()));
    if (line.ends_with(kRequestLineEnd)) {
        const char* const end = bytes_.data() + bytes_.size();
        const char* const token_end = find_solid_end(line.data(), end);
        const char* const uri_end = line.data() + line.size() - kRequestLineEnd.size();
        if (token_end + 1 < uri_end && *token_end == ' ' && find_uri_end(token_end + 1, end) == uri_end) {
            const std::string_view token = between(line.data(), token_end);
            const Method method = method_of(token);
            if (method != Method::other || (!token.empty() && all_of(token, kToken))) {
                // As everybody writes it: nothing is left to check.
                method_token_ = token;
                method_ = method;
                request_uri_ = between(token_end + 1, uri_end);
                return {};
            }
        }
    }
    return read_unusual_start();
}

/// Status-Line: SIP-Version SP 3DIGIT SP Reason-Phrase; a missing last SP is tolerated. `rest`: behind the
/// version and its blank.
Result<void> MessageView::read_status(std::string_view rest) noexcept {
    status_code_ = 1;
    const std::string_view code = rest.substr(0, 3);
    std::uint32_t status = 0;
    if (code.size() != 3 || !parse_number(code, 699, status) || status < 100 ||
        (rest.size() > 3 && rest[3] != ' ')) {
        return Failure(ParseError::bad_start_line);
    }
    status_code_ = static_cast<std::uint16_t>(status);
    return {};
}

/// A start line that is not as everybody writes it: wrong, or with a version in lower case.
Result<void> MessageView::read_unusual_start() noexcept {
    const std::string_view line = start_line_;
    const std::size_t first_blank = line.find_first_of(" \t");
    if (first_blank == 0 || first_blank == std::string_view::npos) return Failure(ParseError::not_sip);
    const std::string_view first = line.substr(0, first_blank);
    if (looks_like_version(first)) {
        status_code_ = 1;
        if (!is_version_2(first) || line[first_blank] != ' ') return Failure(ParseError::bad_start_line);
        return read_status(line.substr(first_blank + 1));
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

inline void MessageView::set_field(std::uint32_t index, HeaderId id, std::string_view line,
                                   std::string_view value) noexcept {
    fields_.data()[index] = {line, value};
    links_.data()[index] = kNone;
    std::uint16_t& last = last_links_.data()[static_cast<std::size_t>(id)];
    links_.data()[last] = static_cast<std::uint8_t>(index);
    last = static_cast<std::uint16_t>(index);
}

inline void MessageView::end_headers(const char* blank_line, const char* body) noexcept {
    headers_end_ = blank_line;
    body_ = between(body, bytes_.data() + bytes_.size());
}

/// `line`: the first byte of a header line, which may go on in folds.
inline Result<void> MessageView::scan_headers(const Controls& before, const char* line,
                                              const ParseLimits& limits) noexcept {
    Controls controls = before;  // in registers
    Result<void> result;
    const char* const end = bytes_.data() + bytes_.size();
    const std::size_t max_line = limits.line_bytes;
    const std::uint32_t max_lines = std::min(limits.headers, ParseLimits::kMaxHeaders);
    for (std::uint32_t lines = 0;;) {
        const KnownName name = plain_name(line, end);
        const char* stop = controls.next(line);
        const char* after = stop + 2;
        if (name.length != 0 && ends_plainly(stop, end) && between(line, after).size() <= max_line &&
            lines != max_lines) [[likely]] {
            // As nearly everybody writes it.
            controls.pass_pair();
            set_field(lines++, name.id, between(line, after), value_between(line + name.length, stop));
            line = after;
            continue;
        }
        for (;; stop = controls.next(after)) {
            if (stop == end) {
                headers_end_ = end;
                fail(result, ParseError::incomplete);
                return result;
            }
            after = stop + 1;
            if (*stop == '\r' && after != end && *after == '\n') {
                ++after;
            } else {
                if (is_line_break(*stop)) fail(result, ParseError::bad_line_end);
                if (*stop != '\n') continue;  // it ends no line
            }
            if (stop == line) {
                end_headers(line, after);
                return result;
            }
            if (after == end || (*after != ' ' && *after != '\t')) break;
        }
        if (between(line, after).size() > max_line) {
            fail(result, ParseError::line_too_long);
        } else if (lines == max_lines) {
            fail(result, ParseError::too_many_headers);
            headers_end_ = line;
            return result;
        } else if (name.length != 0) {
            set_field(lines++, name.id, between(line, after), value_between(line + name.length, stop));
        } else {
            keep_first(result, set_unusual(lines++, line, stop, after));
        }
        line = after;
        if (end - line >= 2 && std::memcmp(line, "\r\n", 2) == 0) {
            end_headers(line, line + 2);
            return result;
        }
    }
}

/// A header line without a plain name: a compact form, blanks before the colon, a name of other characters
/// or none at all.
Result<void> MessageView::set_unusual(std::uint32_t index, const char* line, const char* text_end,
                                      const char* line_end) noexcept {
    const char* const limit = std::min(text_end, line + kMaxHeaderName + 1);
    const char* const colon = std::find(line, limit, ':');
    std::string_view name = between(line, colon);
    while (!name.empty() && (name.back() == ' ' || name.back() == '\t')) name.remove_suffix(1);
    const bool good = colon != limit && !name.empty() && all_of(name, kToken);
    set_field(index, good ? header_id(name) : HeaderId::other, between(line, line_end),
              trim_lws(between(good ? colon + 1 : line, text_end)));
    if (!good) return Failure(ParseError::bad_header);
    return {};
}

/// The header of that id, which stands once; the first one of several.
inline const HeaderField* MessageView::find_once(HeaderId id, ParseError missing,
                                                 Result<void>& result) const noexcept {
    const HeaderField* const field = find(id);
    if (field == nullptr) {
        fail(result, missing);
    } else if (next(*field) != nullptr) {
        fail(result, ParseError::duplicate_header);
    }
    return field;
}

inline Result<void> MessageView::read_core() noexcept {
    Result<void> result;
    if (const HeaderField* via = find(HeaderId::via)) {
        if (const auto parsed = top_via_.read(via->value); !parsed) {
            top_via_ = {};
            keep_first(result, parsed);
        }
    } else {
        fail(result, ParseError::missing_via);
    }
    if (const HeaderField* field = find_once(HeaderId::call_id, ParseError::missing_call_id, result)) {
        call_id_ = field->value;
        if (call_id_.empty() || has_blank(call_id_, bytes_.data() + bytes_.size()))
            fail(result, ParseError::bad_call_id);
        if (call_id_.size() > kMaxIdentifier) fail(result, ParseError::value_too_long);
    }
    read_cseq(result);
    read_addresses(result);
    if (const HeaderField* field = find(HeaderId::max_forwards)) {
        std::uint32_t value = 0;
        if (next(*field) != nullptr) fail(result, ParseError::duplicate_header);
        if (parse_number(field->value, kMaxMaxForwards, value)) {
            max_forwards_ = static_cast<int>(value);
        } else {
            fail(result, ParseError::bad_max_forwards);
        }
    }
    if (request_uri_.size() > kMaxUri) fail(result, ParseError::value_too_long);
    return result;
}

inline void MessageView::read_cseq(Result<void>& result) noexcept {
    const HeaderField* const field = find_once(HeaderId::cseq, ParseError::missing_cseq, result);
    if (field == nullptr) return;
    const char* const end = field->value.data() + field->value.size();
    const char* const digits_end = read_number(field->value.data(), end, kMaxCSeq, cseq_number_);
    if (digits_end == nullptr || digits_end == end || !is_lws(*digits_end))
        return fail(result, ParseError::bad_cseq);
    const std::string_view token = trim_lws(between(digits_end, end));
    const Method method = method_of(token);
    if (method == Method::other && (token.empty() || !all_of(token, kToken))) {
        fail(result, ParseError::bad_cseq);
    } else if (!is_request()) {
        method_token_ = token;
        method_ = method;
    } else if (method != method_ || (method == Method::other && token != method_token_)) {
        fail(result, ParseError::cseq_method_mismatch);
    }
}

inline void MessageView::read_addresses(Result<void>& result) noexcept {
    const HeaderField* const from = find_once(HeaderId::from, ParseError::missing_from, result);
    const HeaderField* const to = find_once(HeaderId::to, ParseError::missing_to, result);
    if (from != nullptr) read_address(*from, ParseError::bad_from, from_uri_, from_tag_, result);
    if (to != nullptr) read_address(*to, ParseError::bad_to, to_uri_, to_tag_, result);
}

inline Result<void> MessageView::read_body() noexcept {
    const HeaderField* const field = find(HeaderId::content_length);
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
