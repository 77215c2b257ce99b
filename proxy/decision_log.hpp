#pragma once

#include "parser/message_view.hpp"
#include "proxy/pipeline.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// The log lines about single messages: `event=transfer` for each message that a transfer decision
/// routed, and at level debug `event=message` for every message. Written through the asynchronous
/// log, so the packet path never waits.
class DecisionLog {
  public:
    /// Cheap: asked for every message.
    [[nodiscard]] bool wants(const Outcome& outcome) const noexcept;

    void write(const Outcome& outcome, const Incoming& incoming, const MessageView& message,
               const Snapshot& snapshot) const;
};

/// "udp:192.0.2.7:5060", IPv6 in brackets.
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

}  // namespace sipsteer
