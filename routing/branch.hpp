#pragma once

#include <array>
#include <optional>
#include <string_view>

#include "parser/message_view.hpp"
#include "routing/call_digest.hpp"
#include "routing/media_server.hpp"

namespace sipsteer {

/// Our branch parameter: cookie, the server that the request came from (zeros: from outside), and a MAC
/// over what a response brings back: the Via below ours, Call-ID, CSeq number and that server. The
/// same for an INVITE, its retransmissions, its CANCEL and its ACK to a non-2xx, on every worker,
/// every proxy with the key and after a restart (RFC 3261 §16.11, §16.6 step 8). Never the method,
/// an address we add, or the time.
inline constexpr std::string_view kBranchPrefix = "z9hG4bKss-";
inline constexpr std::size_t kBranchOriginDigits = 8;
using BranchText = std::array<char, kBranchPrefix.size() + kBranchOriginDigits + 16>;

/// `request`: as received; `call`: of its Call-ID. `origin`: the server that sent it, or kNoServer.
[[nodiscard]] BranchText make_branch(const CallDigest& call, const MessageView& request,
                                     ServerId origin) noexcept;

/// The origin that the branch in the top Via of `response` names, believed: enough to ask for memory by.
/// None: not our branch.
[[nodiscard]] std::optional<ServerId> read_branch_origin(const MessageView& response) noexcept;

/// The origin of the request that `response` answers, when its top Via carries our branch and
/// `next_via` is the Via below it. None: not our branch, or not of this transaction.
[[nodiscard]] std::optional<ServerId> verify_branch(const CallDigest& call, const MessageView& response,
                                                    const ViaView& next_via) noexcept;

/// Parameter of our Via: the listener that the request came in by, where the peer's address alone would
/// not lead the response out by the same one (RFC 3581 §4). An index; a forged one only picks another
/// of our own sockets.
inline constexpr std::string_view kListenerParameter = "ss-in";

/// Parameter of our Via: the stream that the request came by, as a flow token bound to the Call-ID. The
/// response takes it when it still stands (RFC 3261 §18.2.2).
inline constexpr std::string_view kViaFlowParameter = "ss-flow";

/// To tag of our own answers: a function of the request, so a retransmission gets the same one and the
/// ACK to it is recognised without state (RFC 3261 §8.2.7). 32 bits, as §19.3 wants: an answer is short.
using ReplyTag = std::array<char, 2 + 8>;
[[nodiscard]] ReplyTag make_reply_tag(const KeyedHash& sign, const MessageView& request) noexcept;

/// The To tag of `ack` is one that we made for its INVITE.
[[nodiscard]] bool is_reply_tag(const KeyedHash& sign, const MessageView& ack) noexcept;

}  // namespace sipsteer
