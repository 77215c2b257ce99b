#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

#include "parser/message_view.hpp"
#include "parser/replaces.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// What one of our own OPTIONS asks a server: whether it owns a dialog; the same about a dialog that
/// nobody has, to learn whether its answers can be believed; whether it is alive.
enum class ProbeKind : std::uint8_t { owner, trial, health };

/// What a probe's answer brings back in its branch: what was asked, by whom, and which server.
struct ProbeTicket {
    ProbeKind kind = ProbeKind::owner;
    std::uint8_t worker = 0;
    std::uint32_t question = 0;
    ServerId server = kNoServer;
};

struct WrittenProbe {
    Endpoint to;
    ListenerIndex listener = 0;
    std::size_t size = 0;
};

/// Writes the OPTIONS with the ids of `dialog` (tag "0": none). Its CSeq is 0 for a dialog's sake: a
/// server answers 481 when the dialog is not its own, and leaves its own dialogs untouched (a CSeq above
/// 0 would not). A health check has no dialog, and its number is its CSeq.
/// None: the server has gone, has no address that a listener reaches, or it does not fit into `out`.
[[nodiscard]] std::optional<WrittenProbe> write_probe(const Snapshot& snapshot, const ProbeTicket& ticket,
                                                      const Replaces& dialog, std::span<char> out) noexcept;

inline constexpr std::size_t kProbeBranchSize = 45;

/// By the size of its branch, which nearly every other response differs in.
[[nodiscard]] inline bool may_answer_probe(const MessageView& response) noexcept {
    return !response.is_request() && response.top_via().branch.size() == kProbeBranchSize;
}

/// The ticket of an answer to a probe of ours. None: it is none, or not the one that we sent.
[[nodiscard]] std::optional<ProbeTicket> read_probe_ticket(const KeyedHash& sign,
                                                           const MessageView& response) noexcept;

}  // namespace sipsteer
