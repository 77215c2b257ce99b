#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/parse_error.hpp"

namespace sipsteer {

/// What stands at the front of the bytes that a stream brought.
struct StreamFrame {
    enum class What : std::uint8_t {
        incomplete,  ///< more bytes are needed; nothing to take off
        blank,       ///< a CRLF between messages: nothing to do
        ping,        ///< the second CRLF of a keep-alive: answer with one CRLF (RFC 5626 §4.4.1)
        message,     ///< one whole message
        broken,      ///< `error`; where the next message begins cannot be known: close
    };
    What what = What::incomplete;
    ParseError error = ParseError::incomplete;  ///< of `broken`
    std::size_t size = 0;  ///< bytes to take off; of `broken`: those that can be read for an answer
};

/// Finds the messages in a TCP or TLS stream (RFC 3261 §18.3), however its bytes are split. Looks at each
/// byte of a header section once; holds no bytes itself. A message ends where Content-Length says;
/// without one, or with one that can be read in two ways, it is broken: so nothing in a body is ever
/// taken for a message.
class StreamFramer {
  public:
    /// Longest header section, with its blank line. A message is at most `message_bytes` long.
    static constexpr std::size_t kMaxHeaderSection = 65536;

    explicit StreamFramer(std::size_t message_bytes) noexcept : message_bytes_(message_bytes) {}

    /// `pending`: what has arrived and was not taken off yet, the same bytes as in the last call and maybe
    /// more behind them. Errors: bad_line_end, bad_content_length, missing_content_length,
    /// duplicate_header, message_too_large.
    [[nodiscard]] StreamFrame next(std::string_view pending) noexcept;

    /// Bytes of the message at the front once its header section has been seen, else 0.
    [[nodiscard]] std::size_t message_size() const noexcept { return message_size_; }

  private:
    [[nodiscard]] StreamFrame between_messages(std::string_view pending) noexcept;
    /// Incomplete: the header section has not ended yet. Message: message_size_ is known.
    [[nodiscard]] StreamFrame scan_headers(std::string_view pending) noexcept;
    void note_line(std::string_view pending, std::size_t end) noexcept;
    [[nodiscard]] StreamFrame end_of_headers(std::string_view pending, std::size_t end) noexcept;
    [[nodiscard]] StreamFrame broken(ParseError error, std::size_t size) noexcept;
    void start_over() noexcept;

    std::size_t message_bytes_;
    std::size_t scanned_ = 0;       ///< bytes of `pending` looked at
    std::size_t line_ = 0;          ///< where the line begins that is being looked at
    std::size_t length_begin_ = 0;  ///< of the Content-Length line; 0: none yet
    std::size_t length_end_ = 0;
    std::size_t message_size_ = 0;
    bool in_length_ = false;  ///< the last header line was Content-Length: a fold belongs to it
    bool two_lengths_ = false;
    bool half_ping_ = false;
};

}  // namespace sipsteer
