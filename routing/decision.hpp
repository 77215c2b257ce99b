#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <variant>

#include "parser/replaces.hpp"
#include "routing/binding_table.hpp"
#include "routing/call_digest.hpp"
#include "routing/call_table.hpp"
#include "routing/connection_id.hpp"
#include "routing/local_addresses.hpp"
#include "routing/next_hops.hpp"
#include "routing/pin_table.hpp"
#include "routing/route_reason.hpp"
#include "routing/server_set.hpp"

namespace sipsteer {

/// Where a message came from, as the sockets know it.
struct Source {
    Endpoint endpoint;
    ListenerIndex listener = 0;
    std::optional<ServerIndex> server;        ///< set: a media server sent it; else outside
    ConnectionId connection = kNoConnection;  ///< the stream it came by

    [[nodiscard]] bool is_server() const noexcept { return server.has_value(); }
};

/// The Replaces-like headers that are taken out of an unmatched transfer, with their option tag.
enum class Strip : std::uint8_t { nothing, dialog_headers };

/// The peer outside whose flow our Record-Route carries, when its own address may not lead to it.
enum class RecordedFlow : std::uint8_t {
    none,
    source,       ///< it sent the request
    next_hop,     ///< the request goes to it, by a flow
    last_resort,  ///< the request goes to it, by an address that the server chose
};

/// What changes in a forwarded request besides what always does (Via, Max-Forwards, received/rport).
/// Views point into the message or the snapshot.
struct RequestEdits {
    std::string_view request_uri;        ///< replaces the R-URI; empty: kept
    std::string_view request_user;       ///< replaces the R-URI's user; empty: kept
    bool strip_maddr = false;            ///< the R-URI's maddr named us (RFC 3261 §16.4)
    const char* routes_begin = nullptr;  ///< Route bytes that stay; nullptr: none
    const char* routes_end = nullptr;
    std::string_view
        request_uri_to_route;  ///< next hop is a strict router (RFC 3261 §16.6 step 6): ends the Route
    bool record_route = false;
    ServerId record_route_owner = kNoServer;
    RecordedFlow recorded_flow = RecordedFlow::none;
    Strip strip = Strip::nothing;
    bool path = false;  ///< add our Path, and `path` to Supported where it lacks
};

struct Forward {
    Endpoint next_hop;
    ListenerIndex listener = 0;               ///< to send from
    std::optional<ServerIndex> server;        ///< when the next hop is a media server
    RequestEdits edits;                       ///< requests only
    ConnectionId connection = kNoConnection;  ///< streams: this one; none: one to next_hop, made if need be
    std::string_view host{};  ///< the name that next_hop was found by; empty: an address was written
    CallDigest call;          ///< requests only: for what is signed in them
};

/// An answer of our own (RFC 3261 §8.2.7).
struct Reply {
    std::uint16_t status = 500;
    std::string_view reason_phrase;
    std::uint16_t retry_after = 0;  ///< seconds, 0: no Retry-After
    bool unsupported = false;       ///< list the tags of Proxy-Require in Unsupported
};

struct Drop {
    DropReason reason = DropReason::malformed;
};

/// Consumed on purpose: an ACK to one of our own answers.
struct Absorb {};

/// The decision needs an answer first: from the servers, who owns this dialog; or from DNS, where the next
/// hop with this name is. Ask, then decide again. Points into the message.
struct Ask {
    std::optional<Replaces> dialog{};
    std::optional<NextHopName> name{};
};

/// What asking has brought so far. What DNS said stands in NextHops.
struct ProbeAnswer {
    bool asked = false;          ///< nothing is asked again
    ServerId owner = kNoServer;  ///< kNoServer: nobody said that it is his
};

/// What the message teaches, applied to the tables before it is sent on.
struct Effects {
    struct PinWrite {
        std::uint64_t key = 0;
        Pin pin;
        std::uint32_t cseq = 0;
    };
    struct PinAnswer {
        std::uint64_t key = 0;
        ServerId server = kNoServer;  ///< that answered; kNoServer: somebody outside
        std::uint16_t status = 0;
        std::uint32_t cseq = 0;
        Seconds pause = 0;  ///< of a 503 with Retry-After from a server
    };
    struct BindingChange {
        AorKey aor;
        ServerId server = kNoServer;
        Seconds lifetime = 0;  ///< 0: nothing is bound there any more
    };
    struct HopChoice {
        std::uint64_t call = 0;
        Endpoint endpoint;
        Seconds lifetime = 0;
    };
    struct DialogChange {
        enum class What : std::uint8_t {
            learn_early,
            learn_confirmed,
            witness,
            refresh,
            end,
            fail,
            end_early,
            cancel_early
        };
        What what = What::learn_early;
        bool tag_is_local = false;  ///< end_early, cancel_early: whose tag `key.local` is
        bool timed = false;         ///< lifetime was negotiated (RFC 4028)
        bool caller = false;        ///< learn: that server made the call
        DialogKey key;
        ServerId server = kNoServer;
        Seconds lifetime = 0;
    };

    std::optional<PinWrite> pin;
    std::optional<PinAnswer> answer;
    std::optional<BindingChange> binding;
    std::optional<HopChoice> hop;
    std::array<DialogChange, 4> dialogs;  ///< up to two for each end that is a server
    std::uint8_t dialog_count = 0;

    /// Nothing is taught, as at the start.
    void clear() noexcept {
        pin.reset();
        answer.reset();
        binding.reset();
        hop.reset();
        dialog_count = 0;
    }
    void add(const DialogChange& change) noexcept {
        if (dialog_count < dialogs.size()) dialogs[dialog_count++] = change;
    }
};

struct RouteDecision {
    std::variant<Forward, Reply, Drop, Absorb, Ask> action;
    RouteReason reason = RouteReason::new_call;
    bool bad_record_route = false;     ///< our Record-Route came back with a wrong signature
    bool unverified_response = false;  ///< from a server, our sent-by, branch not verifiable
};

[[nodiscard]] inline RouteDecision dropped(DropReason drop, RouteReason reason) noexcept {
    RouteDecision decision;
    decision.action = Drop{drop};
    decision.reason = reason;
    return decision;
}

/// Applies what a decision teaches. False when another worker sent the same request elsewhere meanwhile:
/// decide again, the tables now tell.
[[nodiscard]] bool apply(const Effects& effects, PinTable& pins, CallTable& calls, BindingTable& bindings,
                         NextHops& hops, Seconds now) noexcept;

}  // namespace sipsteer
