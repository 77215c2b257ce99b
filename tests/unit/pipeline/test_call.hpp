#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "dice.hpp"

namespace sipsteer::test {

/// What a caller writes into the requests of one call.
struct TestCall {
    std::string call_id;
    std::string from_tag;
    std::string to_tag;  ///< empty until somebody answered
    std::string branch;
    std::string source;  ///< "192.0.2.7:5060": sent-by, and where it sends from
    std::string from_user = "alice";
    std::string request_uri = "sip:carol@example.com";
    std::string routes;  ///< value of Route; empty: none

    /// A call of a phone at a random address outside.
    [[nodiscard]] static TestCall from_phone(Dice& dice);
    /// A call that a server makes, to a random phone.
    [[nodiscard]] static TestCall from_server(Dice& dice, std::string_view server);

    /// A request of it. `to_tag` goes into To. `more`: header lines, each with its CRLF.
    [[nodiscard]] std::string request(std::string_view method, unsigned cseq,
                                      std::string_view more = {}) const;
    [[nodiscard]] std::string from() const { return "udp:" + source; }
};

/// Where the phone that a server's request was sent to answers from: the host of its Request-URI.
[[nodiscard]] std::string source_of_answer(std::string_view request);

/// The answer of whoever got `request`: its Vias, From, To with that tag, Call-ID, CSeq, Record-Route.
[[nodiscard]] std::string answer(std::string_view request, int status, std::string_view to_tag,
                                 std::string_view more = {});

/// The values of all headers of that name, as written.
[[nodiscard]] std::vector<std::string> header_values(std::string_view message, std::string_view name);

/// The branch of the top Via.
[[nodiscard]] std::string branch_of(std::string_view message);

/// Replaces that names the dialog of `call` as the server sees it that was called (`called`) or that
/// called; with its CRLF.
[[nodiscard]] std::string replaces(const TestCall& call, bool called);

}  // namespace sipsteer::test
