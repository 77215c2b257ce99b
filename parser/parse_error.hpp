#pragma once

#include <cstdint>
#include <string_view>

namespace sipsteer {

/// What is wrong with a message. The order has no meaning.
enum class ParseError : std::uint8_t {
    not_sip,         ///< no SIP start line: STUN, RTP, HTTP, noise
    bad_start_line,  ///< a SIP start line, but not RFC 3261 §7.1 or §7.2
    bad_version,     ///< a request of another version than SIP/2.0
    bad_line_end,    ///< CR without LF, LF without CR, or NUL in the header section
    bad_header,      ///< a header line without a name that is a token, or without a colon
    incomplete,      ///< the header section has no end
    too_many_headers,
    line_too_long,
    value_too_long,  ///< Call-ID, tag, branch or URI over its limit
    missing_via,
    bad_via,
    missing_from,
    bad_from,
    missing_to,
    bad_to,
    missing_call_id,
    bad_call_id,
    missing_cseq,
    bad_cseq,
    cseq_method_mismatch,
    bad_max_forwards,
    bad_content_length,
    body_truncated,          ///< Content-Length is larger than what arrived
    missing_content_length,  ///< on a stream, where it says where the message ends
    message_too_large,       ///< on a stream: header section or message over its limit
    duplicate_header,        ///< a header that may stand once stands twice
    bad_uri,
    bad_name_addr,
    bad_replaces,  ///< Replaces, Join or Target-Dialog
    bad_ip_address,
    kCount
};

/// The word for logs and `explain`, e.g. "bad_cseq".
[[nodiscard]] std::string_view to_string(ParseError error) noexcept;

/// The reason phrase of the answer, e.g. "Bad CSeq" (RFC 3261 §21.4.1: it names the cause).
[[nodiscard]] std::string_view reason_phrase(ParseError error) noexcept;

}  // namespace sipsteer
