#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "parser/message_view.hpp"
#include "routing/decision.hpp"
#include "routing/snapshot.hpp"
#include "routing/splices.hpp"

namespace sipsteer {

/// Writes the request that goes on (RFC 3261 §16.6): our Via on top, received/rport in the one below,
/// Max-Forwards, Record-Route, own Route values off, and what the decision's edits say. All other
/// bytes pass as they came. A function of message, source and snapshot only: a retransmission comes
/// out byte for byte the same. None: it does not fit into `out`. Blanks may go behind `Max-Forwards:`.
[[nodiscard]] std::optional<Written> write_request(const MessageView& request, const Source& source,
                                                   const Forward& forward, const Snapshot& snapshot,
                                                   std::span<char> out) noexcept;

/// Writes the response that goes on: without its first Via value, else untouched (RFC 3261 §16.11), with a
/// Content-Length where a stream needs it. Blanks may go behind `Content-Length:`, which nobody sends back.
[[nodiscard]] std::optional<Written> write_response(const MessageView& response, Transport transport,
                                                    std::span<char> out) noexcept;

}  // namespace sipsteer
