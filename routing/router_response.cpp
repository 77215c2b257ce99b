#include "routing/branch.hpp"
#include "routing/dialog_observer.hpp"
#include "routing/flow.hpp"
#include "routing/registration_observer.hpp"
#include "routing/router.hpp"
#include "routing/via_target.hpp"

namespace sipsteer {
namespace {

/// The Via below the top one: in the same header line or the next.
std::optional<Result<ViaView>> via_below(const MessageView& message) noexcept {
    std::string_view value = message.top_via().rest;
    if (value.empty()) {
        const HeaderField* field = message.next(*message.find(HeaderId::via));
        if (field == nullptr) return std::nullopt;
        value = field->value;
    }
    return ViaView::parse(value);
}

}  // namespace

RouteDecision Router::decide_response(const Work& work) const noexcept {
    const MessageView& message = work.message;
    const ViaView& ours = message.top_via();
    if (!snapshot_.local.is_our_sent_by(ours.host, ours.port)) {
        work.note("the top Via is not ours");
        return dropped(DropReason::foreign_response, RouteReason::rejected_response);
    }
    const auto below = via_below(message);
    if (!below) return dropped(DropReason::own_response, RouteReason::rejected_response);
    if (!*below) return dropped(DropReason::malformed, RouteReason::rejected_response);
    const ViaView& next_via = **below;

    const auto origin = verify_branch(work.hashes.call(), message, next_via);
    auto target = response_target(next_via);
    // The branch is the first that we write; more only where it takes more to tell the way back.
    const std::string_view parameters =
        ours.branch.data() + ours.branch.size() == ours.parameters.data() + ours.parameters.size()
            ? std::string_view{}
            : ours.parameters;
    const auto flow =
        read_flow_token(snapshot_.key.sign, message.call_id(), uri_parameter(parameters, kViaFlowParameter));
    // As it came, whatever its Via calls itself.
    if (flow && target) target->transport = flow->peer.transport;
    if (!work.source.is_server()) {
        // From outside only an answer to a server's own request, and only to that server (requirement 86).
        if (!origin || *origin == kNoServer) {
            work.note("from outside, and no server asked for it");
            return dropped(DropReason::forged_response, RouteReason::rejected_response);
        }
        const auto asked = target ? snapshot_.server_behind(*target) : std::nullopt;
        const bool leads_there = asked && snapshot_.servers[*asked].id == *origin;
        if (!leads_there && flow && is_stream(flow->peer.transport)) {
            // A server that its certificate tells: by the connection that its request came by, or not at all.
            target = flow->peer;
        } else if (!leads_there) {
            work.note("from outside, and its next Via does not lead to the server that asked");
            return dropped(DropReason::forged_response, RouteReason::rejected_response);
        }
    }
    if (!target) return dropped(DropReason::no_next_hop, RouteReason::rejected_response);

    // The listener that the request came in by, when the peer's address alone does not tell it.
    ListenerIndex arrived = work.source.listener;
    std::uint32_t index = 0;
    if (flow && flow->listener < snapshot_.local.listeners().size()) {
        arrived = flow->listener;
    } else if (parse_number(uri_parameter(parameters, kListenerParameter), 255, index) &&
               index < snapshot_.local.listeners().size()) {
        arrived = static_cast<ListenerIndex>(index);
    }
    const bool to_server = origin && *origin != kNoServer;
    const auto listener = snapshot_.local.sender(*target, to_server, arrived);
    if (!listener) return dropped(DropReason::no_next_hop, RouteReason::rejected_response);

    RouteDecision decision;
    decision.reason = RouteReason::response;
    decision.unverified_response = !origin;
    Forward forward;
    forward.next_hop = *target;
    forward.listener = *listener;
    if (flow) forward.connection = flow->connection;
    if (to_server) forward.server = snapshot_.servers.by_id(*origin);
    decision.action = forward;
    if (origin) {
        observe_response(snapshot_, message, work.hashes, work.source, *origin, work.effects);
        if (work.source.is_server()) {
            observe_registration(snapshot_, message, snapshot_.servers[*work.source.server].id, work.effects);
        }
    }
    return decision;
}

}  // namespace sipsteer
