#pragma once

#include "parser/message_view.hpp"
#include "parser/sip_uri.hpp"
#include "routing/endpoint.hpp"

namespace sipsteer {

/// The sender of this request cannot be reached at the address that it gives for itself: it came by a
/// stream; or its Via names another address or port than the one it sends from, while `rport` says that
/// it takes messages there (RFC 3581 §4); or its Via or Contact is a private address and its source is
/// none of that kind. A carrier that sends from one host and takes requests at another is not meant.
[[nodiscard]] bool behind_nat(const MessageView& request, const Endpoint& source) noexcept;

/// `inner` is a private address (RFC 1918, 6598, 4193, loopback, link-local), and `outer` is not of the
/// same block: whoever is seen at `outer` does not take messages at `inner`.
[[nodiscard]] bool is_hidden(const IpAddress& inner, const IpAddress& outer) noexcept;

}  // namespace sipsteer
