#pragma once

#include <functional>
#include <iosfwd>
#include <string>
#include <string_view>

#include "proxy/command_line.hpp"
#include "proxy/config_values.hpp"
#include "proxy/explanation.hpp"
#include "proxy/pipeline.hpp"

namespace sipsteer {

/// Enters into the tables what DNS says about a name.
using AskDns = std::function<void(const NameQuestion&)>;

/// Runs the message through the same pipeline that serves the sockets, against `tables`, which decide
/// but learn nothing. Where a proxy would ask the servers, or DNS without `ask_dns`, the explanation goes on
/// as if nobody knew.
[[nodiscard]] Explanation explain(const Snapshot& snapshot, Tables& tables, std::string_view message,
                                  const Endpoint& from, Seconds now, const AskDns& ask_dns = {});

/// `[TRANSPORT:]IP:PORT`; empty means somebody outside. Else a message that says what is wrong.
[[nodiscard]] Parsed<Endpoint> explain_source(std::string_view text);

/// Every LF becomes CRLF; CRLF stays. For messages typed or pasted as text.
[[nodiscard]] std::string with_crlf(std::string_view text);

/// `sipsteer explain`: reads the message from `in`. 0: explained; 1: the configuration or the source
/// address is wrong, said on `err`.
int run_explain(const ExplainCommand& command, std::istream& in, std::ostream& out, std::ostream& err);

}  // namespace sipsteer
