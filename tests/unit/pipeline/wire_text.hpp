#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace sipsteer::test {

/// One line of a message in a case file, with its line end.
struct WireLine {
    std::string text;
    int line = 0;  ///< in the file
};
using WireLines = std::vector<WireLine>;

/// Named pieces of messages: a line that is nothing but `{name}` stands for all lines of the piece.
using WireParts = std::map<std::string, WireLines, std::less<>>;

/// Makes the bytes of a block: parts and `{repeat N TEXT}` are written out, every line ends in CRLF,
/// and the blank line behind the headers is added when there is none. `raw`: `\r \n \t \0 \xHH \\` are
/// read, a backslash at the end of a line takes its CRLF away, and no blank line is added.
/// Throws std::runtime_error on what it cannot read.
[[nodiscard]] WireLines compose(const WireLines& block, const WireParts& parts, bool raw);

/// What the placeholders `{name}` stand for: bound where they first match, equal from then on.
class WireBindings {
  public:
    /// The text with every placeholder filled in. Throws when one is not bound yet.
    [[nodiscard]] std::string fill(std::string_view text) const;

    /// Matches `pattern` at the front of `actual` and moves `actual` behind it. A free placeholder takes
    /// the longest run of letters, digits, `.`, `-` and `_`. False: no match; nothing new is bound.
    bool match(std::string_view pattern, std::string_view& actual);

    /// Bound placeholders filled in, others left: for messages.
    [[nodiscard]] std::string show(std::string_view text) const;

  private:
    std::map<std::string, std::string, std::less<>> values_;
};

/// Control and non-ASCII bytes as escapes, for messages; CRLF as a line end.
[[nodiscard]] std::string printable(std::string_view bytes);

}  // namespace sipsteer::test
