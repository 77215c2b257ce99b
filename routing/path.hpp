#pragma once

#include <optional>

#include "parser/message_view.hpp"
#include "routing/decision.hpp"
#include "routing/flow.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// Path (RFC 3327) on a REGISTER: our own address with the phone's flow, so that any server reaches the
/// phone by the way it came. Bound to no call: it serves all calls to that phone.

/// Whether this REGISTER from outside gets one (`nat.path`). `automatic`: the phone supports it, came by
/// a stream, or a Contact of it is not where it sends from.
[[nodiscard]] bool wants_path(const RoutingPolicy& policy, const MessageView& request,
                              const Endpoint& source) noexcept;

/// `path` is among the option tags of its Supported. A registrar answers 420 to a Path without it.
[[nodiscard]] bool supports_path(const MessageView& request) noexcept;

/// A URI of our Path that a server hands back in a Route.
struct PathClaim {
    bool present = false;  ///< it carries a token, and no Record-Route signature
    std::optional<Flow> flow;
};
[[nodiscard]] PathClaim read_path(const KeyedHash& sign, const SipUri& route) noexcept;

}  // namespace sipsteer
