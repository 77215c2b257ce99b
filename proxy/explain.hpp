#pragma once

#include <iosfwd>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/command_line.hpp"
#include "proxy/pipeline.hpp"

namespace sipsteer {

/// What would become of a message, and why: the answer of `sipsteer explain` and of the admin socket.
struct Explanation {
    std::string outcome;   ///< forwarded, answered, absorbed, dropped or nothing
    std::string reason;    ///< RouteReason word
    std::string server;    ///< name; empty when it goes to none
    std::string next_hop;  ///< udp:192.0.2.7:5060; empty when nothing is sent
    std::vector<std::string> steps;
    std::string message;   ///< what would be sent
};

/// Runs the message through the same pipeline that serves the sockets, against `tables`. These learn
/// from it as they would: pass a copy, or empty ones.
[[nodiscard]] Explanation explain(const Snapshot& snapshot, Tables& tables, std::string_view message,
                                  const Endpoint& from, Seconds now);

/// Every LF becomes CRLF; CRLF stays. For messages typed or pasted as text.
[[nodiscard]] std::string with_crlf(std::string_view text);

[[nodiscard]] std::string to_text(const Explanation& explanation);
[[nodiscard]] std::string to_json(const Explanation& explanation);

/// `sipsteer explain`: reads the message from `in`. 0: explained; 1: the configuration or the source
/// address is wrong, said on `err`.
int run_explain(const ExplainCommand& command, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace sipsteer
