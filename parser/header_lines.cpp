#include "parser/header_lines.hpp"

#include "parser/chars.hpp"

namespace sipsteer {

HeaderLines::HeaderLines(const MessageView& message) noexcept
    : at_(message.start_line().data() + message.start_line().size()), end_(message.headers_end()) {}

bool HeaderLines::next(HeaderLine& line) noexcept {
    if (at_ >= end_) return false;
    const char* const begin = at_;
    // The parse has left no CR or LF but at line ends, so a LF without a blank behind it ends one.
    while (at_ < end_ && !(*at_ == '\n' && (at_ + 1 == end_ || (at_[1] != ' ' && at_[1] != '\t')))) ++at_;
    if (at_ < end_) ++at_;
    line.line = {begin, static_cast<std::size_t>(at_ - begin)};
    const std::size_t colon = line.line.find(':');
    line.name = trim_lws(line.line.substr(0, colon));
    line.value = colon == std::string_view::npos ? std::string_view{} : trim_lws(line.line.substr(colon + 1));
    return true;
}

std::string_view find_header(const MessageView& message, std::string_view name) noexcept {
    HeaderLine line;
    for (HeaderLines lines{message}; lines.next(line);) {
        if (iequals(line.name, name)) return line.value;
    }
    return {};
}

}  // namespace sipsteer
