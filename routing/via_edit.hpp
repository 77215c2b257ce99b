#pragma once

#include "parser/via.hpp"
#include "routing/endpoint.hpp"
#include "routing/splices.hpp"

namespace sipsteer {

/// Notes in the top Via where its request really came from (RFC 3261 §18.2.1, RFC 3581 §4): rport and
/// received when rport was asked for; else received, when the sent-by host is another. Values that the
/// sender had put there are overwritten.
void note_source(const ViaView& via, const Endpoint& source, Splices& splices) noexcept;

}  // namespace sipsteer
