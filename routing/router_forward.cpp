#include "routing/behind_nat.hpp"
#include "routing/path.hpp"
#include "routing/router.hpp"

namespace sipsteer {
namespace {

/// Requests that can form a dialog, and so carry our Record-Route (RFC 3261 §16.6 step 4).
bool forms_dialog(const MessageView& message) noexcept {
    if (!message.to_tag().empty()) return false;
    switch (message.method()) {
        case Method::invite:
        case Method::subscribe:
        case Method::refer:
        case Method::notify: return true;
        default: return false;
    }
}

}  // namespace

std::uint64_t Router::pin_key(const Work& work) const noexcept {
    return work.hashes.pin_key(snapshot_.servers.id_of(work.source.server));
}

/// An INVITE seen before, or its CANCEL or ACK: to the server where it went, with the same changes.
std::optional<RouteDecision> Router::by_pin(const Work& work) const noexcept {
    const Method method = work.message.method();
    // An ACK behind our signed Record-Route is one to a 2xx: in-dialog, with another R-URI.
    if (method == Method::ack && work.routes.claim.valid) return std::nullopt;
    const auto held = pins_.find(pin_key(work), work.now);
    const auto server = held ? snapshot_.servers.by_id(held->server) : std::nullopt;
    // One that only an answer left behind knows nothing of the changes that the INVITE got.
    if (!server || (method == Method::invite && held->reason == RouteReason::pinned)) {
        work.note("no pin of this Call-ID and From tag");
        return std::nullopt;
    }
    work.note("pinned to", snapshot_.servers[*server].name);
    return pinned_to(work, *server, method == Method::invite ? held->reason : RouteReason::pinned,
                     transfer_edits(work, held->reason));
}

RouteDecision Router::pinned_to(const Work& work, ServerIndex server, RouteReason reason,
                                const RequestEdits& edits) const noexcept {
    RouteDecision decision = to_server(work, server, reason, edits);
    if (work.message.method() == Method::invite && std::holds_alternative<Forward>(decision.action))
        work.effects.pin = {
            pin_key(work), {snapshot_.servers[server].id, decision.reason}, work.message.cseq_number()};
    return decision;
}

RouteDecision Router::reply(const Work& work, std::uint16_t status, std::string_view phrase,
                            RouteReason reason) const noexcept {
    RouteDecision decision;
    decision.reason = reason;
    if (work.message.method() == Method::ack) {
        decision.action = Drop{DropReason::unanswerable};  // never an answer to an ACK (RFC 3261 §17)
    } else {
        decision.action = Reply{.status = status, .reason_phrase = phrase};
    }
    return decision;
}

RouteDecision Router::no_server(const Work& work) const noexcept {
    if (work.source.is_server()) {
        // The only one there is sent it: back to it would loop.
        std::size_t placeable = 0;
        for (const MediaServer& server : snapshot_.servers.all()) placeable += server.placeable ? 1 : 0;
        if (placeable <= 1) return reply(work, 482, "Loop Detected", RouteReason::rejected_loop);
    }
    work.note("no server takes it");
    RouteDecision decision = reply(work, 503, "No Server Available", RouteReason::rejected_no_server);
    if (Reply* answer = std::get_if<Reply>(&decision.action)) answer->retry_after = 5;
    return decision;
}

RouteDecision Router::send(const Work& work, const Endpoint& next_hop, std::optional<ServerIndex> server,
                           RouteReason reason, const RequestEdits& edits) const noexcept {
    const auto listener = snapshot_.local.sender(next_hop, server.has_value(), work.source.listener);
    if (!listener) {
        work.note("no listener speaks the next hop's transport and address family");
        return reply(work, 503, "No Way To Next Hop", RouteReason::rejected_unresolved);
    }
    return send_from(work, *listener, next_hop, server, reason, edits);
}

RouteDecision Router::send_from(const Work& work, ListenerIndex listener, const Endpoint& next_hop,
                                std::optional<ServerIndex> server, RouteReason reason,
                                const RequestEdits& wanted) const noexcept {
    const bool behind_us = snapshot_.terminate_sips && server;
    if (work.uri.scheme == UriScheme::sips && !is_secure(next_hop.transport) && !behind_us) {
        work.note("sips, and the next hop has no TLS");
        return reply(work, 480, "SIPS Needs TLS To Next Hop", RouteReason::rejected_uri_scheme);
    }
    return forward(work, listener, next_hop, server, reason, wanted);
}

/// All is decided but what always changes on the way.
RouteDecision Router::forward(const Work& work, ListenerIndex listener, const Endpoint& next_hop,
                              std::optional<ServerIndex> server, RouteReason reason,
                              const RequestEdits& wanted) const noexcept {
    RouteDecision decision;
    decision.reason = reason;
    Forward& forward = std::get<Forward>(decision.action);  // a fresh decision is one
    forward.next_hop = next_hop;
    forward.listener = listener;
    forward.server = server;
    forward.call = work.hashes.call();
    RequestEdits& edits = forward.edits;
    edits = wanted;
    if (edits.request_uri.empty() && work.routes.request_uri.data() != work.message.request_uri().data()) {
        edits.request_uri = work.routes.request_uri;
    }
    edits.record_route = snapshot_.routing.record_route && forms_dialog(work.message);
    if (edits.record_route && edits.recorded_flow == RecordedFlow::none && !work.source.is_server() &&
        behind_nat(work.message, work.source.endpoint)) {
        edits.recorded_flow = RecordedFlow::source;
    }
    edits.path = work.message.method() == Method::register_ && !work.source.is_server() &&
                 wants_path(snapshot_.routing, work.message, work.source.endpoint);
    // One end a server: it owns the dialog. Both: each is found by the other's R-URI.
    const ServerId target = snapshot_.servers.id_of(server);
    const ServerId origin = snapshot_.servers.id_of(work.source.server);
    edits.record_route_owner = target == kNoServer ? origin : origin == kNoServer ? target : kNoServer;
    edits.strip_maddr = !work.uri.maddr.empty() && edits.request_uri.empty() &&
                        snapshot_.local.is_us(work.uri.maddr, work.uri.port);
    return decision;
}

RouteDecision Router::to_server(const Work& work, ServerIndex index, RouteReason reason,
                                const RequestEdits& wanted) const noexcept {
    const MediaServer& server = snapshot_.servers[index];
    // The first address that one of our listeners can reach.
    for (const Endpoint& endpoint : server.endpoints) {
        const auto listener = snapshot_.local.sender(endpoint, true, work.source.listener);
        if (!listener) continue;
        RequestEdits edits = wanted;
        edits.routes_begin = work.routes.keep_begin;
        edits.routes_end = work.routes.keep_end;
        return send_from(work, *listener, endpoint, index, reason, edits);
    }
    work.note("no address of it can be reached", server.name);
    return reply(work, 503, "Server Not Reachable", RouteReason::rejected_unresolved);
}

/// A token may be older than the process: it must still name a listener of that kind towards outside.
bool Router::usable(const Flow& flow) const noexcept {
    if (flow.listener >= snapshot_.local.listeners().size()) return false;
    const Listener& listener = snapshot_.local[flow.listener];
    if (flow.peer.transport != Transport::udp && flow.connection == kNoConnection) return false;
    return listener.bind.transport == flow.peer.transport && listener.side != ListenerSide::servers &&
           listener.bind.address.v6 == flow.peer.address.v6;
}

/// From a server: by the flow that our Route names, else by the next Route, else by the R-URI, wherever that
/// leads (RFC 3261 §16.6 step 7).
RouteDecision Router::to_uri(const Work& work, RouteReason reason) const noexcept {
    RequestEdits edits;
    edits.routes_begin = work.routes.keep_begin;
    edits.routes_end = work.routes.keep_end;
    SipUri hop = work.uri;
    if (work.routes.has_next()) {
        hop = work.routes.next;
        if (!hop.lr) {
            work.note("the next hop is a strict router", hop.whole);
            edits.request_uri = hop.whole;
            edits.request_uri_to_route = work.routes.request_uri;
            edits.routes_begin = work.routes.keep_behind_next;
            if (edits.routes_begin == nullptr) edits.routes_end = nullptr;
        }
    }
    const auto& known = work.routes.flow;
    const bool has_flow = known && usable(known->flow);
    if (has_flow && !known->last_resort) return by_flow(work, known->flow, reason, edits);
    const auto hidden = [&](const IpAddress& address) {
        return has_flow && is_hidden(address, known->flow.peer.address);
    };
    if (!hop.is_sip()) {
        if (has_flow) return by_flow(work, known->flow, reason, edits);
        return reply(work, 416, "Unsupported URI Scheme", RouteReason::rejected_uri_scheme);
    }
    const UriTarget target = uri_target(hop);
    if (const auto address = parse_ip(target.host)) {
        if (hidden(*address)) return by_flow(work, known->flow, reason, edits);
        work.note("next hop by Route or R-URI", hop.whole);
        const Endpoint next_hop{*address, target.port == 0 ? default_port(target.transport) : target.port,
                                target.transport};
        const auto server = snapshot_.servers.by_endpoint(next_hop.address, next_hop.port);
        if (!server && next_hop.transport == Transport::udp) edits.recorded_flow = RecordedFlow::last_resort;
        return send(work, next_hop, server, reason, edits);
    }
    const NextHopName name = NextHopName::of(hop);
    const NamedHop named = look_up_hop(work, name);
    // The last resort is better than a name that leads nowhere.
    if (has_flow && !named.ask && (!named.endpoint || hidden(named.endpoint->address)))
        return by_flow(work, known->flow, reason, edits);
    return to_name(work, name, named, reason, edits);
}

/// By the flow that our own Route names.
RouteDecision Router::by_flow(const Work& work, const Flow& flow, RouteReason reason,
                              RequestEdits edits) const noexcept {
    work.note("by the flow that our own Route names");
    edits.recorded_flow = RecordedFlow::next_hop;
    RouteDecision decision = send_from(work, flow.listener, flow.peer, std::nullopt, reason, edits);
    if (auto* forward = std::get_if<Forward>(&decision.action)) forward->connection = flow.connection;
    return decision;
}

}  // namespace sipsteer
