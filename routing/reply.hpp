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
/// some, and stray control bytes in what is copied become blanks. Precondition: request.can_answer(). None: it does not fit into `out`.
[[nodiscard]] std::optional<std::size_t> write_reply(const MessageView& request, const Source& source,
                                                     const Reply& reply, const KeyedHash& sign,
                                                     std::span<char> out) noexcept;

}  // namespace sipsteer
