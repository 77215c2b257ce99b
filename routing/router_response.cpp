#include "routing/branch.hpp"
#include "routing/dialog_observer.hpp"
#include "routing/flow.hpp"
#include "routing/registration_observer.hpp"
#include "routing/router.hpp"
#include "routing/via_target.hpp"

namespace sipsteer {
namespace {

/// What follows the top Via: in the same header line or the next. Empty: nothing.
std::string_view vias_below(const MessageView& message) noexcept {
    if (const std::string_view rest = message.top_via().rest; !rest.empty()) return rest;
    const HeaderField* field = message.next(*message.find(HeaderId::via));
    return field == nullptr ? std::string_view{} : field->value;
}

/// What our own Via says about the way back, where the next one does not tell it all.
struct WayBack {
    std::optional<Flow> flow;               ///< the stream that the request came by
    std::optional<ListenerIndex> listener;  ///< the listener that it came in by

    WayBack(const Snapshot& snapshot, const MessageView& response) noexcept {
        const ViaView& ours = response.top_via();
        // The branch is the first that we write; more only where it takes more to tell the way back.
        if (ours.branch.data() + ours.branch.size() == ours.parameters.data() + ours.parameters.size())
            return;
        const std::size_t listeners = snapshot.local.listeners().size();
        flow = read_flow_token(snapshot.key.sign, response.call_id(),
                               uri_parameter(ours.parameters, kViaFlowParameter));
        std::uint32_t index = 0;
        if (flow && flow->listener < listeners) {
            listener = flow->listener;
        } else if (parse_number(uri_parameter(ours.parameters, kListenerParameter), 255, index) &&
                   index < listeners) {
            listener = static_cast<ListenerIndex>(index);
        }
    }
};

}  // namespace

RouteDecision Router::decide_response(const Given& given) const noexcept {
    const MessageView& message = given.message;
    const ViaView& ours = message.top_via();
    if (!snapshot_.local.is_our_sent_by(ours.host, ours.port)) {
        given.note("the top Via is not ours");
        return dropped(DropReason::foreign_response, RouteReason::rejected_response);
    }
    const std::string_view below = vias_below(message);
    if (below.data() == nullptr) return dropped(DropReason::own_response, RouteReason::rejected_response);
    ViaView next_via;
    if (!next_via.read(below)) return dropped(DropReason::malformed, RouteReason::rejected_response);

    const auto origin = verify_branch(given.hashes.call(), message, next_via);
    auto target = response_target(next_via);
    const WayBack way{snapshot_, message};
    const auto& flow = way.flow;
    // As it came, whatever its Via calls itself.
    if (flow && target) target->transport = flow->peer.transport;
    if (!given.source.is_server()) {
        // From outside only an answer to a server's own request, and only to that server (requirement 86).
        if (!origin || *origin == kNoServer) {
            given.note("from outside, and no server asked for it");
            return dropped(DropReason::forged_response, RouteReason::rejected_response);
        }
        const auto asked = target ? snapshot_.server_behind(*target) : std::nullopt;
        const bool leads_there = asked && snapshot_.servers[*asked].id == *origin;
        if (!leads_there && flow && is_stream(flow->peer.transport)) {
            // A server that its certificate tells: by the connection that its request came by, or not at all.
            target = flow->peer;
        } else if (!leads_there) {
            given.note("from outside, and its next Via does not lead to the server that asked");
            return dropped(DropReason::forged_response, RouteReason::rejected_response);
        }
    }
    if (!target) return dropped(DropReason::no_next_hop, RouteReason::rejected_response);

    const auto listener = snapshot_.local.sender(*target, origin.value_or(kNoServer) != kNoServer,
                                                 way.listener.value_or(given.source.listener));
    if (!listener) return dropped(DropReason::no_next_hop, RouteReason::rejected_response);
    return pass_back(given, origin, *target, *listener, flow ? flow->connection : kNoConnection);
}

/// `origin`: as verify_branch() said.
RouteDecision Router::pass_back(const Given& given, std::optional<ServerId> origin, const Endpoint& target,
                                ListenerIndex listener, ConnectionId connection) const noexcept {
    RouteDecision decision;
    decision.reason = RouteReason::response;
    decision.unverified_response = !origin;
    Forward& forward = std::get<Forward>(decision.action);  // a fresh decision is one
    forward.next_hop = target;
    forward.listener = listener;
    forward.connection = connection;
    if (!origin) return decision;
    if (*origin != kNoServer) forward.server = snapshot_.servers.by_id(*origin);
    observe_response(snapshot_, given.message, given.hashes, given.source, *origin, given.effects);
    if (given.source.is_server()) {
        observe_registration(snapshot_, given.message, snapshot_.servers[*given.source.server].id,
                             given.effects);
    }
    return decision;
}

}  // namespace sipsteer
