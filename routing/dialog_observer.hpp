#pragma once

#include "parser/message_view.hpp"
#include "routing/decision.hpp"
#include "routing/message_hashes.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// What passing messages teach about who owns which dialog (requirements 76-92). Reads only; what it
/// finds is added to `effects` and applied before the message is sent on.

/// A request: only a server's own in-dialog requests teach something. A BYE ends its dialog, a
/// re-INVITE or UPDATE keeps it alive.
void observe_request(const Snapshot& snapshot, const MessageView& request, const MessageHashes& hashes,
                     const Source& source, Effects& effects) noexcept;

/// A response whose branch was verified; `origin` is the server that sent the request, or kNoServer.
/// Precondition: it comes from a server, or answers a server's request.
void observe_response(const Snapshot& snapshot, const MessageView& response, const MessageHashes& hashes,
                      const Source& source, ServerId origin, Effects& effects) noexcept;

}  // namespace sipsteer
