#include "routing/router.hpp"

#include "routing/branch.hpp"
#include "routing/dialog_observer.hpp"

namespace sipsteer {
namespace {

bool is_registration(Method method) noexcept {
    return method == Method::register_ || method == Method::subscribe || method == Method::publish;
}

/// An empty Proxy-Require asks for nothing.
bool requires_extension(const MessageView& message) noexcept {
    const HeaderField* field = message.find(HeaderId::proxy_require);
    while (field != nullptr && field->value.empty()) field = message.next(*field);
    return field != nullptr;
}

/// Whether the call table is likely to be looked at (dialog_observer.hpp).
bool may_change_call(const MessageView& message, const Source& source) noexcept {
    if (message.to_tag().empty()) return false;
    return message.is_request() ? source.is_server() : message.status_code() > 100;
}

}  // namespace

void Router::prefetch(const MessageView& message, const MessageHashes& hashes,
                      const Source& source) const noexcept {
    if (may_change_call(message, source)) calls_.prefetch(hashes.call().low);
    if (message.method() != Method::invite) return;
    if (!message.is_request()) {
        if (const auto origin = read_branch_origin(message)) pins_.prefetch(hashes.pin_key(*origin));
    } else if (message.to_tag().empty()) {
        pins_.prefetch(hashes.pin_key(snapshot_.servers.id_of(source.server)));
    }
}

RouteDecision Router::decide(const MessageView& message, const MessageHashes& hashes, const Source& source,
                             Seconds now, Effects& effects, const ProbeAnswer& answer,
                             DecisionSteps* steps) const noexcept {
    effects.clear();
    const Given given{message, source, now, effects, answer, steps, hashes};
    return message.is_request() ? decide_request(given) : decide_response(given);
}

RouteDecision Router::decide_request(const Given& given) const noexcept {
    Work work{given};
    RouteDecision decision = route_request(work);
    decision.bad_record_route = work.routes.bad_signature;
    if (std::holds_alternative<Forward>(decision.action)) {
        observe_request(snapshot_, work.message, work.hashes, work.source, work.effects);
    }
    return decision;
}

RouteDecision Router::decide_broken(const MessageView& message, ParseError error) noexcept {
    if (error == ParseError::not_sip) return dropped(DropReason::not_sip, RouteReason::rejected_not_sip);
    const RouteReason reason = error == ParseError::bad_version         ? RouteReason::rejected_version
                               : error == ParseError::message_too_large ? RouteReason::rejected_too_large
                                                                        : RouteReason::rejected_malformed;
    if (!message.is_request()) return dropped(DropReason::malformed, RouteReason::rejected_response);
    if (!message.can_answer()) return dropped(DropReason::no_via, reason);
    if (message.method() == Method::ack) return dropped(DropReason::unanswerable, reason);
    RouteDecision decision;
    decision.reason = reason;
    const std::uint16_t status = error == ParseError::bad_version         ? 505
                                 : error == ParseError::message_too_large ? 513
                                                                          : 400;
    decision.action = Reply{.status = status, .reason_phrase = reason_phrase(error)};
    return decision;
}

/// RFC 3261 §16.3: what a proxy refuses before it looks where to send.
std::optional<RouteDecision> Router::refuse(const Work& work) const noexcept {
    const MessageView& message = work.message;
    if (!work.uri.is_sip() && work.uri.scheme != UriScheme::tel && work.uri.scheme != UriScheme::urn) {
        return reply(work, 416, "Unsupported URI Scheme", RouteReason::rejected_uri_scheme);
    }
    const bool behind_us = snapshot_.terminate_sips && work.source.is_server();
    if (work.uri.scheme == UriScheme::sips && !is_secure(work.source.endpoint.transport) && !behind_us) {
        // Never downgraded (RFC 3261 §26.2.2), and what came without TLS has been read already.
        return reply(work, 416, "SIPS Needs TLS", RouteReason::rejected_uri_scheme);
    }
    if (message.max_forwards() == 0 && !is_for_us(work)) {
        return reply(work, 483, "Too Many Hops", RouteReason::rejected_max_forwards);
    }
    // RFC 3261 §20.29, §8.2.2.3: not for ACK and CANCEL.
    if (requires_extension(message) && message.method() != Method::ack &&
        message.method() != Method::cancel) {
        RouteDecision decision = reply(work, 420, "Bad Extension", RouteReason::rejected_extension);
        std::get<Reply>(decision.action).unsupported = true;
        return decision;
    }
    return std::nullopt;
}

RouteDecision Router::route_request(Work& work) const noexcept {
    const MessageView& message = work.message;
    if (message.method() == Method::ack && is_reply_tag(snapshot_.key.sign, message)) {
        work.note("the To tag is one of our own answers");
        RouteDecision decision;
        decision.action = Absorb{};
        decision.reason = RouteReason::local_reply;
        return decision;
    }
    if (!work.uri.read(message.request_uri()))
        return reply(work, 400, "Bad Request-URI", RouteReason::rejected_malformed);
    if (!work.routes.read(message, work.hashes.call(), work.uri, snapshot_))
        return reply(work, 400, "Bad Route", RouteReason::rejected_malformed);
    if (work.routes.request_uri.data() != message.request_uri().data()) {
        work.note("strict router before us", work.routes.request_uri);
        work.uri = {};
        if (!work.uri.read(work.routes.request_uri))
            return reply(work, 400, "Bad Route", RouteReason::rejected_malformed);
    }
    if (work.routes.claim.valid) work.note("our signed Record-Route came back");
    if (work.routes.bad_signature) work.note("our Record-Route came back with a wrong signature");

    if (auto refused = refuse(work)) return *std::move(refused);
    if (is_for_us(work)) {
        work.note("OPTIONS to us");
        if (snapshot_.ending) return reply(work, 503, "Ending", RouteReason::local_reply);
        return snapshot_.servers.any_up() ? reply(work, 200, "OK", RouteReason::local_reply)
                                          : reply(work, 503, "No Server Up", RouteReason::local_reply);
    }
    const auto reference = dialog_reference(message);
    if (!reference)
        return reply(work, 400, reason_phrase(reference.error()), RouteReason::rejected_malformed);
    work.reference = *reference;
    return work.source.is_server() ? from_server(work) : from_outside(work);
}

/// OPTIONS that names us and no user: we are its final recipient (RFC 3261 §11). From outside every host
/// but an exact server is ours.
bool Router::is_for_us(const Work& work) const noexcept {
    if (work.message.method() != Method::options || !work.uri.is_sip() || !work.uri.user.empty())
        return false;
    if (!work.message.to_tag().empty() || work.routes.has_next()) return false;
    if (work.source.is_server()) return snapshot_.is_ours(work.uri);
    return !snapshot_.server_named(work.uri);
}

RouteDecision Router::from_outside(const Work& work) const noexcept {
    const Method method = work.message.method();
    if (method == Method::cancel || !work.message.to_tag().empty()) return in_dialog(work);
    if (work.routes.has_next()) {
        work.note("Route leads elsewhere", work.routes.next.whole);
        return reply(work, 403, "Route Not Allowed", RouteReason::rejected_route);
    }
    if (method == Method::ack) return in_dialog(work);
    return new_request(work);
}

RouteDecision Router::from_server(const Work& work) const noexcept {
    const Method method = work.message.method();
    const bool follows_invite = method == Method::cancel || method == Method::ack;
    if (follows_invite) {
        if (auto decision = by_pin(work)) return *std::move(decision);
    }
    const bool new_one = !follows_invite && work.message.to_tag().empty();
    // The table wins over Route and R-URI for a dialog that is named (requirement 69).
    if (work.reference) return new_request(work);
    const bool ours = !work.routes.has_next() && !work.routes.flow && snapshot_.is_ours(work.uri);
    if (!ours) return to_uri(work, new_one ? RouteReason::new_call : RouteReason::in_dialog);
    work.note("the R-URI names us", work.uri.whole);
    return new_one ? new_request(work) : in_dialog(work);
}

/// A request of a dialog, a CANCEL, or an ACK, for one of the servers: never anywhere else.
RouteDecision Router::in_dialog(const Work& work) const noexcept {
    const MessageView& message = work.message;
    if (message.method() == Method::ack || message.method() == Method::cancel) {
        if (auto decision = by_pin(work)) return *std::move(decision);
    }
    const auto usable = [&](std::optional<ServerIndex> server) {
        return server && server != work.source.server;
    };
    if (work.routes.claim.valid) {
        const auto owner = snapshot_.servers.by_id(work.routes.claim.owner);
        if (usable(owner)) return to_server(work, *owner, RouteReason::in_dialog);
    }
    if (const auto named = snapshot_.server_named(work.uri); usable(named)) {
        work.note("the R-URI is a server", snapshot_.servers[*named].name);
        return to_server(work, *named, RouteReason::in_dialog);
    }
    const DialogKey dialog = work.hashes.dialog_of_sender();
    const auto owner = message.to_tag().empty() ? calls_.find_peer(dialog.call, dialog.local, work.now)
                                                : calls_.find(dialog.reversed(), work.now);
    if (owner) {
        const auto server = snapshot_.servers.by_id(owner->server);
        if (usable(server)) {
            work.note("the call table has its dialog");
            return to_server(work, *server, RouteReason::in_dialog);
        }
    }
    work.note("no table knows it: home");
    const auto home =
        home_of(snapshot_, affinity_key(snapshot_, message, work.hashes.call(), work.uri, work.source),
                group_for(snapshot_, work.uri, work.source), work.source.server);
    if (!home) return no_server(work);
    return to_server(work, *home, RouteReason::in_dialog);
}

/// A request outside of any dialog, for one of the servers.
RouteDecision Router::new_request(const Work& work) const noexcept {
    if (work.reference && !may_refer(work.source)) {
        work.note("source is not in transfer.allow_from");
        return reply(work, 403, "Transfer Not Allowed", RouteReason::rejected_source);
    }
    if (work.message.method() == Method::invite) {
        if (auto decision = by_pin(work)) return *std::move(decision);
    }
    if (work.reference) {
        if (auto decision = to_owner(work)) return *std::move(decision);
        return unmatched(work);
    }
    const RouteReason reason =
        is_registration(work.message.method()) ? RouteReason::registration : RouteReason::new_call;
    if (const auto named = snapshot_.server_named(work.uri);
        named && named != work.source.server && snapshot_.servers[*named].takes_new_calls()) {
        work.note("the R-URI is a server", snapshot_.servers[*named].name);
        return pinned_to(work, *named, reason);
    }
    return place_new(work, reason);
}

/// Where the user is registered whom another server calls: only that one can reach his phone.
std::optional<ServerIndex> Router::registrar(const Work& work) const noexcept {
    if (!work.source.is_server() || work.message.method() == Method::register_) return std::nullopt;
    const auto aor = aor_key(snapshot_, work.uri);
    const auto binding = aor ? bindings_.find(*aor, work.now) : std::nullopt;
    const auto server = binding ? snapshot_.servers.by_id(binding->server) : std::nullopt;
    if (!server || server == work.source.server) return std::nullopt;
    if (!takes_another_call(snapshot_.servers[*server], {calls_, pins_, work.now})) {
        work.note("registered, at a server that takes no new calls", snapshot_.servers[*server].name);
        return std::nullopt;
    }
    work.note("registered at", snapshot_.servers[*server].name);
    return server;
}

RouteDecision Router::place_new(const Work& work, RouteReason reason) const noexcept {
    auto server = registrar(work);
    if (!server) {
        const PlacementRequest request{
            .key = affinity_key(snapshot_, work.message, work.hashes.call(), work.uri, work.source),
            .group = group_for(snapshot_, work.uri, work.source),
            .exclude = work.source.server,
            .pinned = work.message.method() == Method::invite};
        server = place(snapshot_, request, {calls_, pins_, work.now}, turn_);
    }
    if (!server) return no_server(work);
    work.note("placed on", snapshot_.servers[*server].name);
    return pinned_to(work, *server, reason, transfer_edits(work, reason));
}

}  // namespace sipsteer
