#pragma once

#include <string_view>

#include "parser/message_view.hpp"

namespace sipsteer {

/// One header line of any name, known to the parser or not.
struct HeaderLine {
    std::string_view line;  ///< with its folds and final CRLF
    std::string_view name;
    std::string_view value;  ///< without blanks around it
};

/// Walks over all header lines of a parsed message: for headers that the configuration names. Not for
/// the common path.
class HeaderLines {
  public:
    explicit HeaderLines(const MessageView& message) noexcept;

    /// False when there is none left.
    [[nodiscard]] bool next(HeaderLine& line) noexcept;

  private:
    const char* at_;
    const char* end_;
};

/// The value of the first header of that name; empty when there is none.
[[nodiscard]] std::string_view find_header(const MessageView& message, std::string_view name) noexcept;

}  // namespace sipsteer
