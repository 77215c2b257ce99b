#include "parser/parse_error.hpp"

#include <array>
#include <cstddef>

namespace sipsteer {
namespace {

struct Words {
    std::string_view word;
    std::string_view phrase;
};

constexpr std::array<Words, static_cast<std::size_t>(ParseError::kCount)> kWords{{
    {"not_sip", "Not SIP"},
    {"bad_start_line", "Bad Start Line"},
    {"bad_version", "Version Not Supported"},
    {"bad_line_end", "Bad Line End"},
    {"bad_header", "Bad Header"},
    {"incomplete", "Incomplete Header Section"},
    {"too_many_headers", "Too Many Headers"},
    {"line_too_long", "Header Too Long"},
    {"value_too_long", "Value Too Long"},
    {"missing_via", "Missing Via"},
    {"bad_via", "Bad Via"},
    {"missing_from", "Missing From"},
    {"bad_from", "Bad From"},
    {"missing_to", "Missing To"},
    {"bad_to", "Bad To"},
    {"missing_call_id", "Missing Call-ID"},
    {"bad_call_id", "Bad Call-ID"},
    {"missing_cseq", "Missing CSeq"},
    {"bad_cseq", "Bad CSeq"},
    {"cseq_method_mismatch", "CSeq Method Mismatch"},
    {"bad_max_forwards", "Bad Max-Forwards"},
    {"bad_content_length", "Bad Content-Length"},
    {"body_truncated", "Content-Length Mismatch"},
    {"missing_content_length", "Missing Content-Length"},
    {"message_too_large", "Message Too Large"},
    {"duplicate_header", "Duplicate Header"},
    {"bad_uri", "Bad URI"},
    {"bad_name_addr", "Bad Address"},
    {"bad_replaces", "Bad Replaces"},
    {"bad_ip_address", "Bad IP Address"},
}};

}  // namespace

std::string_view to_string(ParseError error) noexcept { return kWords[static_cast<std::size_t>(error)].word; }

std::string_view reason_phrase(ParseError error) noexcept {
    return kWords[static_cast<std::size_t>(error)].phrase;
}

}  // namespace sipsteer
