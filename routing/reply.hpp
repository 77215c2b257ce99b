#pragma once

#include <cstddef>
#include <optional>
#include <span>

#include "parser/message_view.hpp"
#include "routing/decision.hpp"
#include "routing/keyed_hash.hpp"

namespace sipsteer {

/// Writes our own answer to `request` (RFC 3261 §8.2.6, §8.2.7): the same bytes for a retransmission.
/// Copies Vias, From, To, Call-ID and CSeq as far as the request has them; a broken request may lack
/// some, and stray control bytes in what is copied become blanks. To an address outside over UDP, which may
/// be forged, never longer than the request: what can be left out is. Precondition: request.can_answer().
/// None: it does not fit into `out`, or is longer than its request all the same.
[[nodiscard]] std::optional<std::size_t> write_reply(const MessageView& request, const Source& source,
                                                     const Reply& reply, const KeyedHash& sign,
                                                     std::span<char> out) noexcept;

}  // namespace sipsteer
