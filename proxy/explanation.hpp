#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sipsteer {

/// What would become of a message, and why: the answer of `explain`.
struct Explanation {
    std::string outcome;   ///< forwarded, answered, absorbed, dropped or nothing
    std::string reason;    ///< RouteReason word
    std::string server;    ///< name; empty when it goes to none
    std::string next_hop;  ///< udp:192.0.2.7:5060; empty when nothing is sent
    std::vector<std::string> steps;
    std::string message;  ///< what would be sent
};

[[nodiscard]] std::string to_text(const Explanation& explanation);
[[nodiscard]] std::string to_json(const Explanation& explanation);

/// What to_json() has written. None: it is something else.
[[nodiscard]] std::optional<Explanation> explanation_from_json(std::string_view text);

}  // namespace sipsteer
