#include "parser/stream_framer.hpp"

#include "parser/chars.hpp"
#include "parser/controls.hpp"
#include "parser/header_id.hpp"

namespace sipsteer {
namespace {

constexpr std::uint32_t kMaxContentLength = 0x7fffffff;

bool is_blank(char c) noexcept { return c == ' ' || c == '\t'; }

/// The header name of a line, as MessageView reads it.
std::string_view name_of(std::string_view line) noexcept {
    std::string_view name = line.substr(0, line.find(':'));
    while (!name.empty() && is_blank(name.back())) name.remove_suffix(1);
    return name;
}

}  // namespace

StreamFrame StreamFramer::next(std::string_view pending) noexcept {
    if (message_size_ == 0) {
        if (scanned_ == 0) {
            if (pending.empty()) return {};
            if (pending[0] == '\r' || pending[0] == '\n' || pending[0] == '\0')
                return between_messages(pending);
            half_ping_ = false;
        }
        const StreamFrame frame = scan_headers(pending);
        if (frame.what != StreamFrame::What::message) return frame;
    }
    if (pending.size() < message_size_) return {};
    const StreamFrame frame{StreamFrame::What::message, {}, message_size_};
    start_over();
    return frame;
}

/// Two CRLFs in a row are a keep-alive, also when they come one by one.
StreamFrame StreamFramer::between_messages(std::string_view pending) noexcept {
    if (pending[0] != '\r') return broken(ParseError::bad_line_end, 1);
    if (pending.size() < 2) return {};
    if (pending[1] != '\n') return broken(ParseError::bad_line_end, 1);
    half_ping_ = !half_ping_;
    return {half_ping_ ? StreamFrame::What::blank : StreamFrame::What::ping, {}, 2};
}

StreamFrame StreamFramer::scan_headers(std::string_view pending) noexcept {
    const char* const begin = pending.data();
    const char* const end = begin + pending.size();
    Controls controls{pending.substr(scanned_)};
    for (;;) {
        const char* const stop = controls.next_break(begin + scanned_);
        scanned_ = static_cast<std::size_t>(stop - begin);
        if (scanned_ > kMaxHeaderSection - 2 || scanned_ > message_bytes_)
            return broken(ParseError::message_too_large, pending.size());
        if (stop == end) return {};
        if (*stop != '\r') return broken(ParseError::bad_line_end, pending.size());
        if (stop + 1 == end) return {};
        if (stop[1] != '\n') return broken(ParseError::bad_line_end, pending.size());
        if (scanned_ == line_) return end_of_headers(pending, scanned_ + 2);
        if (line_ != 0) note_line(pending, scanned_);
        line_ = scanned_ = scanned_ + 2;
    }
}

/// A header line, or the continuation of one, from line_ to `end`.
void StreamFramer::note_line(std::string_view pending, std::size_t end) noexcept {
    const std::string_view line = pending.substr(line_, end - line_);
    if (is_blank(line[0])) {
        if (in_length_) length_end_ = end;
        return;
    }
    const char first = to_lower(line[0]);
    in_length_ = (first == 'c' || first == 'l') && header_id(name_of(line)) == HeaderId::content_length;
    if (!in_length_) return;
    two_lengths_ = two_lengths_ || length_begin_ != 0;
    length_begin_ = line_;
    length_end_ = end;
}

StreamFrame StreamFramer::end_of_headers(std::string_view pending, std::size_t end) noexcept {
    if (length_begin_ == 0) return broken(ParseError::missing_content_length, end);
    if (two_lengths_) return broken(ParseError::duplicate_header, end);
    const std::string_view line = pending.substr(length_begin_, length_end_ - length_begin_);
    const std::size_t colon = line.find(':');
    std::uint32_t length = 0;
    if (colon == std::string_view::npos ||
        !parse_number(trim_lws(line.substr(colon + 1)), kMaxContentLength, length)) {
        return broken(ParseError::bad_content_length, end);
    }
    if (end + length > message_bytes_) return broken(ParseError::message_too_large, end);
    message_size_ = end + length;
    return {StreamFrame::What::message, {}, message_size_};
}

StreamFrame StreamFramer::broken(ParseError error, std::size_t size) noexcept {
    start_over();
    return {StreamFrame::What::broken, error, size};
}

void StreamFramer::start_over() noexcept {
    scanned_ = line_ = length_begin_ = length_end_ = message_size_ = 0;
    in_length_ = two_lengths_ = half_ping_ = false;
}

}  // namespace sipsteer
