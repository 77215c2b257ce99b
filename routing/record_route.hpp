#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "parser/sip_uri.hpp"
#include "routing/call_digest.hpp"
#include "routing/flow.hpp"
#include "routing/media_server.hpp"

namespace sipsteer {

/// The `ss` parameter of our Record-Route: the server that owns the dialog (zeros: both ends are
/// servers, or none is known) and a MAC over it and the Call-ID. So an in-dialog request finds its
/// server without any table, at any proxy with the key, and nobody can make us send it elsewhere.
using RouteSignature = std::array<char, 8 + 16>;
inline constexpr std::string_view kRouteParameter = "ss";

[[nodiscard]] RouteSignature make_route_signature(const CallDigest& call, ServerId owner) noexcept;

/// The owner that a signature tells; none: it was changed, or is of another call or key.
[[nodiscard]] std::optional<ServerId> verify_route_signature(const CallDigest& call,
                                                             std::string_view signature) noexcept;

/// The `sf` parameter beside it: the flow that leads to the peer outside, bound to the signature, and so
/// to Call-ID and owner. `sl` is one that a server's request went by to an address of its own choice: it
/// is a last resort, for a phone whose Contact turns out to be private.
inline constexpr std::string_view kFlowParameter = "sf";
inline constexpr std::string_view kLastResortParameter = "sl";

/// A flow that a Route of ours names.
struct RouteFlow {
    Flow flow;
    bool last_resort = false;  ///< only when Route and R-URI cannot lead there
};

/// What our own Route value says. `present` without `valid`: changed, or of another call or key.
struct RouteClaim {
    bool present = false;
    bool valid = false;
    ServerId owner = kNoServer;
    std::optional<RouteFlow> flow;
    bool bad_flow = false;  ///< valid, but a flow beside it is not
};
[[nodiscard]] RouteClaim read_route_signature(const KeyedHash& sign, const CallDigest& call,
                                              const SipUri& route) noexcept;

}  // namespace sipsteer
