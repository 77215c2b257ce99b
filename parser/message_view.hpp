#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "parser/header_id.hpp"
#include "parser/method.hpp"
#include "parser/result.hpp"
#include "parser/via.hpp"

namespace sipsteer {

class Controls;

/// One header line that a proxy reads: all views point into the message.
struct HeaderField {
    std::string_view line;   ///< from the first byte of the name to behind the final CRLF
    std::string_view value;  ///< without blanks around it; may hold folds
};

struct ParseLimits {
    std::uint32_t headers = 128;       ///< header lines, known or not; at most kMaxHeaders
    std::uint32_t line_bytes = 16384;  ///< one header line with its folds

    static constexpr std::uint32_t kMaxHeaders = 254;
};

/// A SIP message as views into the bytes it came in (RFC 3261 §7). Parses what a proxy needs and
/// nothing else: other headers and the body stay opaque. Reused from message to message; no
/// allocation. The bytes must outlive every use of the view.
///
/// Guaranteed after a successful parse(): every line ends in CRLF, exactly one From, To, Call-ID and
/// CSeq, a valid top Via, CSeq method = request method, numbers within their ranges.
class MessageView {
  public:
    /// Parses one message at the front of `bytes`; CRLFs before it are skipped (RFC 3261 §7.5). What
    /// follows the end that Content-Length gives is left out (§18.3). On an error everything that
    /// could be read is set all the same, so that an answer can be made; see can_answer().
    /// Errors: any of ParseError but bad_replaces, bad_name_addr, bad_ip_address.
    [[nodiscard]] Result<void> parse(std::string_view bytes, const ParseLimits& limits = {}) noexcept;

    /// Nothing but CR, LF and NUL, or nothing at all: a keep-alive, no message (RFC 5626 §3.5.1).
    [[nodiscard]] static bool is_keepalive(std::string_view bytes) noexcept;

    [[nodiscard]] bool is_request() const noexcept { return status_code_ == 0; }
    [[nodiscard]] std::string_view bytes() const noexcept { return bytes_; }
    [[nodiscard]] std::string_view start_line() const noexcept { return start_line_; }  ///< with its CRLF
    [[nodiscard]] std::string_view body() const noexcept { return body_; }
    /// The position behind the last header line: that of the blank line.
    [[nodiscard]] const char* headers_end() const noexcept { return headers_end_; }

    [[nodiscard]] Method method() const noexcept { return method_; }  ///< of a response: its CSeq's
    [[nodiscard]] std::string_view method_token() const noexcept { return method_token_; }
    [[nodiscard]] std::string_view request_uri() const noexcept { return request_uri_; }
    [[nodiscard]] std::uint16_t status_code() const noexcept { return status_code_; }

    [[nodiscard]] const ViaView& top_via() const noexcept { return top_via_; }
    [[nodiscard]] std::string_view call_id() const noexcept { return call_id_; }
    /// As written, without brackets.
    [[nodiscard]] std::string_view from_uri() const noexcept { return from_uri_; }
    [[nodiscard]] std::string_view to_uri() const noexcept { return to_uri_; }
    [[nodiscard]] std::string_view from_tag() const noexcept { return from_tag_; }
    [[nodiscard]] std::string_view to_tag() const noexcept { return to_tag_; }
    [[nodiscard]] std::uint32_t cseq_number() const noexcept { return cseq_number_; }
    /// -1 when there is no Max-Forwards.
    [[nodiscard]] int max_forwards() const noexcept { return max_forwards_; }

    /// The first header of that id, or nullptr.
    [[nodiscard]] const HeaderField* find(HeaderId id) const noexcept {
        return field_at(links_.data()[kHeads + static_cast<std::size_t>(id)]);
    }
    /// The next header of the same id, or nullptr.
    [[nodiscard]] const HeaderField* next(const HeaderField& field) const noexcept {
        return field_at(links_.data()[static_cast<std::size_t>(&field - fields_.data())]);
    }
    [[nodiscard]] bool has(HeaderId id) const noexcept { return find(id) != nullptr; }
    [[nodiscard]] std::string_view value(HeaderId id) const noexcept {
        const HeaderField* field = find(id);
        return field == nullptr ? std::string_view{} : field->value;
    }

    /// After a failed parse(): it is a request with a top Via to answer to (requirement 19). What an answer
    /// copies may then hold stray CR, LF or NUL: write_reply() blanks them.
    [[nodiscard]] bool can_answer() const noexcept { return is_request() && !top_via_.host.empty(); }

  private:
    static constexpr std::size_t kIds = kHeaderIdCount + 1;
    static constexpr std::size_t kHeads = ParseLimits::kMaxHeaders;  ///< where the links of the ids begin
    static constexpr std::uint8_t kNone = 0xff;                      ///< no field has this index
    static_assert(ParseLimits::kMaxHeaders < kNone);

    Result<void> parse_start_line() noexcept;
    Result<void> read_status(std::string_view rest) noexcept;
    Result<void> read_unusual_start() noexcept;
    Result<void> scan_headers(const Controls& before, const char* line, const ParseLimits& limits) noexcept;
    Result<void> set_unusual(std::uint32_t index, const char* line, const char* text_end,
                             const char* line_end) noexcept;
    void end_headers(const char* blank_line, const char* body) noexcept;
    void set_field(std::uint32_t index, HeaderId id, std::string_view line, std::string_view value) noexcept;
    [[nodiscard]] const HeaderField* field_at(std::uint8_t index) const noexcept {
        return index == kNone ? nullptr : fields_.data() + index;
    }
    const HeaderField* find_once(HeaderId id, ParseError missing, Result<void>& result) const noexcept;
    Result<void> read_core() noexcept;
    void read_cseq(Result<void>& result) noexcept;
    void read_addresses(Result<void>& result) noexcept;
    Result<void> read_body() noexcept;

    std::string_view bytes_;
    std::string_view start_line_;
    std::string_view body_;
    const char* headers_end_ = nullptr;
    std::string_view method_token_;
    std::string_view request_uri_;
    std::string_view call_id_;
    std::string_view from_uri_;
    std::string_view from_tag_;
    std::string_view to_uri_;
    std::string_view to_tag_;
    ViaView top_via_;
    std::uint32_t cseq_number_ = 0;
    int max_forwards_ = -1;
    std::uint16_t status_code_ = 0;
    Method method_ = Method::other;
    /// The fields of each id as a list: for each field the index of the next one of its id, then for each id
    /// that of its first. So a field is added without a question.
    std::array<std::uint8_t, kHeads + kIds> links_;
    std::array<std::uint16_t, kIds> last_links_;  ///< for each id the link to set when one more is added
    std::array<HeaderField, ParseLimits::kMaxHeaders> fields_;
};

}  // namespace sipsteer
