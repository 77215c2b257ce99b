#include <algorithm>

#include "routing/router.hpp"

namespace sipsteer {
namespace {

bool was_matched(RouteReason reason) noexcept {
    return reason >= RouteReason::transfer_owner && reason <= RouteReason::transfer_home;
}

}  // namespace

bool Router::may_refer(const Source& source) const noexcept {
    if (source.is_server() && snapshot_.transfer.allow_servers) return true;
    return std::ranges::any_of(snapshot_.transfer.allow_from, [&source](const AddressRange& range) {
        return range.contains(source.endpoint.address, source.endpoint.port);
    });
}

/// Replaces and Join name the dialog as its receiver sees it (RFC 3891 §3), so only one end can match.
/// The tags of Target-Dialog are taken in either order; two different owners are none.
std::optional<Owner> Router::look_up(const Work& work) const noexcept {
    const Replaces& dialog = work.reference->dialog;
    const DialogKey key = dialog_key(snapshot_.key, dialog.call_id, dialog.to_tag, dialog.from_tag);
    const auto owner = calls_.find(key, work.now);
    if (work.reference->header != DialogReference::Header::target_dialog) return owner;
    const auto other = calls_.find(key.reversed(), work.now);
    if (owner && other && owner->server != other->server) return std::nullopt;
    return owner ? owner : other;
}

/// The look-up order of the design: call table, R-URI, what the servers themselves said, a guess.
std::optional<Router::OwnerFound> Router::find_owner(const Work& work) const noexcept {
    if (const auto owner = look_up(work)) {
        if (const auto server = snapshot_.servers.by_id(owner->server)) {
            work.note("the call table names the owner", snapshot_.servers[*server].name);
            return OwnerFound{*server, RouteReason::transfer_owner,
                              owner->state == DialogState::early && !owner->caller};
        }
    }
    work.note("the call table does not know the replaced dialog", work.reference->dialog.call_id);
    if (const auto server = snapshot_.server_named(work.uri)) {
        work.note("the R-URI is a server", snapshot_.servers[*server].name);
        return OwnerFound{*server, RouteReason::transfer_uri};
    }
    if (const auto server = snapshot_.servers.by_id(work.answer.owner)) {
        work.note("a server says that it owns it", snapshot_.servers[*server].name);
        return OwnerFound{*server, RouteReason::transfer_probe};
    }
    const bool may_ask = snapshot_.transfer.probe && !work.answer.asked;
    if (!snapshot_.transfer.guess_home || may_ask) return std::nullopt;
    const auto home = home_of(snapshot_, call_digest(snapshot_.key, work.reference->dialog.call_id).high,
                              group_for(snapshot_, work.uri, work.source), work.source.server);
    if (!home) return std::nullopt;
    work.note("guess: the replaced Call-ID hashes to", snapshot_.servers[*home].name);
    return OwnerFound{*home, RouteReason::transfer_home};
}

/// A server that was called and still rings refuses a Replaces. Over UDP the INVITE comes again until
/// it is answered: a copy that comes once the call is answered goes on. With early-only there is nothing
/// to wait for.
bool Router::waits_for_answer(const Work& work, const OwnerFound& found) const noexcept {
    return snapshot_.transfer.wait_while_ringing && found.rings && work.message.method() == Method::invite &&
           work.reference->header == DialogReference::Header::replaces &&
           !work.reference->dialog.early_only && work.source.endpoint.transport == Transport::udp;
}

/// To the owner, or the question who that is. No value: nobody is.
std::optional<RouteDecision> Router::to_owner(const Work& work) const noexcept {
    const auto found = find_owner(work);
    if (!found) {
        if (!snapshot_.transfer.probe || work.answer.asked || calls_out(work)) return std::nullopt;
        work.note("ask the servers");
        RouteDecision decision;
        decision.action = Ask{.dialog = work.reference->dialog};
        return decision;
    }
    if (found->server == work.source.server) {
        // It has just looked and found nothing, or it would not have asked us.
        work.note("but that server sent it");
        return std::nullopt;
    }
    if (!snapshot_.servers[found->server].takes_transfers()) {
        work.note("but that server is down");
        if (snapshot_.transfer.owner_down == OwnerDown::fallback) return to_fallback(work);
        return reject_transfer(work);
    }
    if (waits_for_answer(work, *found)) {
        work.note("but the replaced call still rings there");
        RouteDecision decision;
        decision.action = Absorb{};
        decision.reason = RouteReason::transfer_waiting;
        return decision;
    }
    return pinned_to(work, found->server, found->reason, transfer_edits(work, found->reason));
}

/// A server's call to somewhere else than us or itself: a dialog that it names may be there.
bool Router::calls_out(const Work& work) const noexcept {
    if (!work.source.is_server()) return false;
    return work.routes.has_next() || work.routes.flow || !work.uri.is_sip() ||
           !(snapshot_.is_ours(work.uri) || snapshot_.server_named(work.uri) == work.source.server);
}

/// One answer for an unknown dialog and for one whose owner is down: or anybody could find out which dialogs
/// there are.
RouteDecision Router::reject_transfer(const Work& work) const noexcept {
    return reply(work, 481, "Call Does Not Exist", RouteReason::transfer_rejected);
}

RouteDecision Router::unmatched(const Work& work) const noexcept {
    if (calls_out(work)) {
        work.note("a server calls out: by its R-URI");
        return to_uri(work, RouteReason::transfer_forwarded);
    }
    switch (snapshot_.transfer.unmatched) {
        case Unmatched::fallback: return to_fallback(work);
        case Unmatched::reject: break;
        case Unmatched::forward: return place_new(work, RouteReason::transfer_forwarded);
        case Unmatched::strip: return place_new(work, RouteReason::transfer_stripped);
    }
    work.note("unmatched: rejected");
    return reject_transfer(work);
}

RouteDecision Router::to_fallback(const Work& work) const noexcept {
    const auto& fallback = snapshot_.transfer.fallback;
    if (!fallback) {
        work.note("no fallback is configured");
        return reject_transfer(work);
    }
    std::optional<ServerIndex> server = fallback->server;
    if (fallback->group) {
        PlacementRequest request{
            .key = affinity_key(snapshot_, work.message, work.hashes.call(), work.uri, work.source),
            .group = *fallback->group,
            .exclude = work.source.server,
            .pinned = work.message.method() == Method::invite};
        server = place(snapshot_, request, {calls_, pins_, work.now}, turn_);
        // Who sends it may take it as well, without Replaces, when no other does.
        request.exclude.reset();
        if (!server) server = place(snapshot_, request, {calls_, pins_, work.now}, turn_);
    }
    if (!server || !snapshot_.servers[*server].takes_transfers()) {
        work.note("the fallback is down");
        return no_server(work);
    }
    work.note("unmatched: to the fallback", snapshot_.servers[*server].name);
    return pinned_to(work, *server, RouteReason::transfer_fallback,
                     transfer_edits(work, RouteReason::transfer_fallback));
}

/// What a transfer decision changes, from the reason alone: so a repetition that only has its pin comes
/// out with the same bytes.
RequestEdits Router::transfer_edits(const Work& work, RouteReason reason) const noexcept {
    const TransferPolicy& policy = snapshot_.transfer;
    RequestEdits edits;
    if (was_matched(reason) && work.uri.is_sip()) {
        if (!policy.rewrite_user.empty()) {
            edits.request_user = policy.rewrite_user;
        } else if (work.uri.user.empty()) {
            edits.request_user = policy.rewrite_user_if_empty;
        }
    } else if (reason == RouteReason::transfer_stripped) {
        edits.strip = Strip::dialog_headers;
    } else if (reason == RouteReason::transfer_fallback && policy.fallback) {
        if (policy.fallback_strip_replaces) edits.strip = Strip::dialog_headers;
        edits.request_uri = policy.fallback->request_uri;
        // A fallback URI without a user keeps the one that was called.
        const auto target = SipUri::parse(edits.request_uri);
        if (target && target->user.empty()) edits.request_user = work.uri.user;
    }
    return edits;
}

}  // namespace sipsteer
