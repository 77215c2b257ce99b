#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace sipsteer::oracle {

/// What routing reads of a message, each field in a form of its own that two parsers can agree on:
/// escapes decoded, numbers without leading zeros, `-` for what is absent.
struct Fields {
    std::string start;     ///< method or status code
    std::string uri_user;  ///< of the request URI, when it is sip or sips
    std::string uri_host;
    std::string uri_port;
    std::string call_id;
    std::string from_tag;
    std::string to_tag;
    std::string cseq;
    std::string via_transport;
    std::string via_host;
    std::string via_port;
    std::string via_branch;
    std::string via_received;
    std::string via_rport;
    std::string via_count;
    std::string route_count;
    std::string route_first;  ///< user@host:port of the first
    std::string replaces;     ///< call-id;to-tag;from-tag[;early-only]
    std::string body;
};

/// The names of the fields in which they differ.
[[nodiscard]] std::vector<std::string> differences(const Fields& a, const Fields& b);

/// For a message of a failed comparison: `name: a | b` for each difference.
[[nodiscard]] std::string describe(const Fields& a, const Fields& b);

}  // namespace sipsteer::oracle
