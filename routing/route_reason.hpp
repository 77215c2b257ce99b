#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sipsteer {

/// Why a message went where it went. One set of words, used alike in code, metric labels, logs,
/// `explain` and the documentation. Every received message gets exactly one.
enum class RouteReason : std::uint8_t {
    new_call,            ///< out-of-dialog request placed on a server, or sent where its R-URI says
    in_dialog,           ///< request with a To tag, brought to its dialog's server or peer
    transfer_owner,      ///< Replaces, Join or Target-Dialog found in the call table
    transfer_store,      ///< found in the shared store
    transfer_uri,        ///< not found, but the R-URI is exactly one of the servers
    transfer_probe,      ///< a server said that it owns the dialog
    transfer_home,       ///< guessed: the server that the replaced Call-ID hashes to
    transfer_fallback,   ///< unmatched: sent to the configured fallback
    transfer_stripped,   ///< unmatched: placed as a new call without Replaces
    transfer_forwarded,  ///< unmatched: treated as any new call, unchanged
    transfer_rejected,   ///< unmatched or owner down: answered 481, alike
    transfer_waiting,    ///< the replaced call still rings: absorbed until it is confirmed
    pinned,              ///< CANCEL or ACK that follows its INVITE
    registration,        ///< REGISTER, SUBSCRIBE, PUBLISH, placed by user
    response,            ///< response, by Via
    local_reply,         ///< OPTIONS to us; ACK to one of our own answers
    resolving,           ///< a copy of a request whose next hop's name is being looked up: absorbed
    rejected_malformed,
    rejected_not_sip,
    rejected_version,
    rejected_uri_scheme,
    rejected_max_forwards,
    rejected_extension,
    rejected_route,
    rejected_source,
    rejected_loop,
    rejected_no_server,
    rejected_unresolved,
    rejected_too_large,
    rejected_response,
    rejected_rate,
    kCount
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(RouteReason::kCount)>
    kRouteReasonWords{"new_call",
                      "in_dialog",
                      "transfer_owner",
                      "transfer_store",
                      "transfer_uri",
                      "transfer_probe",
                      "transfer_home",
                      "transfer_fallback",
                      "transfer_stripped",
                      "transfer_forwarded",
                      "transfer_rejected",
                      "transfer_waiting",
                      "pinned",
                      "registration",
                      "response",
                      "local_reply",
                      "resolving",
                      "rejected_malformed",
                      "rejected_not_sip",
                      "rejected_version",
                      "rejected_uri_scheme",
                      "rejected_max_forwards",
                      "rejected_extension",
                      "rejected_route",
                      "rejected_source",
                      "rejected_loop",
                      "rejected_no_server",
                      "rejected_unresolved",
                      "rejected_too_large",
                      "rejected_response",
                      "rejected_rate"};

[[nodiscard]] constexpr std::string_view to_string(RouteReason reason) noexcept {
    return kRouteReasonWords[static_cast<std::size_t>(reason)];
}

/// Why a message was dropped: label values of `sipsteer_messages_dropped_total`.
enum class DropReason : std::uint8_t {
    not_sip,           ///< no SIP start line
    malformed,         ///< SIP, but broken, and not to be answered (a response, an ACK)
    no_via,            ///< nowhere to answer
    foreign_response,  ///< response whose top Via is not ours
    forged_response,   ///< response from outside that answers no request of a server
    own_response,      ///< response with no Via below ours: nobody to send it to
    no_next_hop,       ///< the Via below ours leads nowhere that we can send to
    unanswerable,      ///< an ACK that cannot go on: nothing is ever answered to one
    wrong_side,        ///< from outside, on a listener that takes only servers
    too_large,         ///< forwarded copy would not fit its transport
    answer_too_long,   ///< our answer would be longer than the request of a stranger: no amplifier
    rate_limited,      ///< more requests than limits.rate_per_source from one address outside
    send_failed,       ///< the kernel refused the send
    no_connection,     ///< no stream to the next hop, and none could be opened
    connection_lost,   ///< the stream broke before all of it was written
    queue_full,        ///< the stream's other end does not read what waits for it
    kCount
};

inline constexpr std::array<std::string_view, static_cast<std::size_t>(DropReason::kCount)> kDropReasonWords{
    "not_sip",     "malformed",     "no_via",          "foreign_response", "forged_response", "own_response",
    "no_next_hop", "unanswerable",  "wrong_side",      "too_large",        "answer_too_long", "rate_limited",
    "send_failed", "no_connection", "connection_lost", "queue_full"};

[[nodiscard]] constexpr std::string_view to_string(DropReason reason) noexcept {
    return kDropReasonWords[static_cast<std::size_t>(reason)];
}

}  // namespace sipsteer
