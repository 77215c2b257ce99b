#pragma once

#include <optional>

#include "parser/via.hpp"
#include "routing/endpoint.hpp"

namespace sipsteer {

/// Where a response goes whose top Via is `via` (RFC 3261 §18.2.2, RFC 3581 §4): over UDP maddr, else
/// received, else the sent-by host; to rport when it has a value, else the sent-by port, else the default.
/// Over a stream that is where a connection is opened when the one that the request came by is gone.
/// None: it names no address.
[[nodiscard]] std::optional<Endpoint> response_target(const ViaView& via) noexcept;

/// The same for our own answer, where `source` is what we would write into received and rport.
[[nodiscard]] std::optional<Endpoint> reply_target(const ViaView& via, const Endpoint& source) noexcept;

}  // namespace sipsteer
