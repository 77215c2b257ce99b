#include "proxy/pipeline.hpp"

#include "routing/forward.hpp"
#include "routing/reply.hpp"
#include "routing/router.hpp"
#include "routing/via_target.hpp"

namespace sipsteer {
namespace {

constexpr Reply kTooLarge{.status = 513, .reason_phrase = "Message Too Large"};  // RFC 3261 §21.5.7

CounterTransport counter_of(Transport transport) noexcept { return static_cast<CounterTransport>(transport); }

/// Who sent it, by the rules of the sides: the listener, then the address.
Source classify(const Snapshot& snapshot, const Incoming& incoming) noexcept {
    Source source{incoming.from, incoming.listener, std::nullopt};
    if (snapshot.local[incoming.listener].side != ListenerSide::outside) {
        source.server = snapshot.servers.by_source(incoming.from.address, incoming.from.port);
    }
    return source;
}

RouteDecision dropped(DropReason drop, RouteReason reason) noexcept {
    RouteDecision decision;
    decision.action = Drop{drop};
    decision.reason = reason;
    return decision;
}

}  // namespace

Outcome Pipeline::process(const Snapshot& snapshot, const Incoming& incoming, Seconds now, std::span<char> out,
                          DecisionSteps* steps) noexcept {
    if (MessageView::is_keepalive(incoming.bytes)) {
        counters_.keepalives.add();
        return {};
    }
    const Source source = classify(snapshot, incoming);
    const Result<void> parsed = message_.parse(incoming.bytes, snapshot.parse_limits);
    const bool sip = parsed || parsed.error() != ParseError::not_sip;
    const MessageKind kind = !sip                    ? MessageKind::invalid
                             : message_.is_request() ? MessageKind::request
                                                     : MessageKind::response;
    counters_.received[static_cast<std::size_t>(counter_of(incoming.from.transport))][static_cast<std::size_t>(kind)]
        .add();

    if (!source.is_server() && snapshot.local[incoming.listener].side == ListenerSide::servers) {
        return perform(snapshot, source, dropped(DropReason::wrong_side, RouteReason::rejected_source), out);
    }
    if (!parsed) {
        if (steps != nullptr) steps->add("parse", to_string(parsed.error()));
        return perform(snapshot, source, Router::decide_broken(message_, parsed.error()), out);
    }
    const RouteDecision decision = decide(snapshot, source, now, steps);
    if (decision.bad_record_route) counters_.invalid_record_routes.add();
    if (decision.unverified_response) counters_.unverified_responses.add();
    return perform(snapshot, source, decision, out);
}

RouteDecision Pipeline::decide(const Snapshot& snapshot, const Source& source, Seconds now,
                               DecisionSteps* steps) const noexcept {
    const Router router{snapshot, tables_.pins, tables_.calls, tables_.turn};
    RouteDecision decision = router.decide(message_, source, now, steps);
    if (!apply(decision.effects, tables_.pins, tables_.calls, now)) {
        // Another worker pinned a copy of this INVITE elsewhere just now: that pin decides.
        decision = router.decide(message_, source, now, steps);
        static_cast<void>(apply(decision.effects, tables_.pins, tables_.calls, now));
    }
    return decision;
}

Outcome Pipeline::perform(const Snapshot& snapshot, const Source& source, const RouteDecision& decision,
                          std::span<char> out) const noexcept {
    Outcome outcome;
    outcome.reason = decision.reason;
    if (const Drop* drop = std::get_if<Drop>(&decision.action)) {
        outcome.what = Outcome::What::dropped;
        outcome.drop = drop->reason;
        return outcome;
    }
    if (const Reply* reply = std::get_if<Reply>(&decision.action)) {
        return answer(snapshot, source, *reply, outcome, out);
    }
    const Forward* forward = std::get_if<Forward>(&decision.action);
    if (forward == nullptr) {
        outcome.what = Outcome::What::absorbed;
        return outcome;
    }
    const bool request = message_.is_request();
    const auto written = request ? write_request(message_, source, *forward, snapshot, out)
                                 : write_response(message_, out);
    if (!written || message_.bytes().size() > snapshot.message_bytes) {
        outcome.reason = RouteReason::rejected_too_large;
        outcome.drop = DropReason::too_large;
        outcome.what = Outcome::What::dropped;
        if (request && message_.method() != Method::ack) return answer(snapshot, source, kTooLarge, outcome, out);
        return outcome;
    }
    outcome.what = Outcome::What::forwarded;
    outcome.to = forward->next_hop;
    outcome.listener = forward->listener;
    outcome.server = forward->server;
    outcome.size = *written;
    return outcome;
}

Outcome Pipeline::answer(const Snapshot& snapshot, const Source& source, const Reply& reply, Outcome outcome,
                         std::span<char> out) const noexcept {
    const auto to = reply_target(message_.top_via(), source.endpoint);
    const auto written = to ? write_reply(message_, source, reply, snapshot.key.sign, out) : std::nullopt;
    if (!written) {
        outcome.what = Outcome::What::dropped;
        outcome.drop = to ? DropReason::too_large : DropReason::no_next_hop;
        return outcome;
    }
    outcome.what = Outcome::What::answered;
    outcome.to = *to;
    outcome.listener = source.listener;
    outcome.size = *written;
    return outcome;
}

void Pipeline::settle(const Outcome& outcome, bool sent) noexcept {
    if (outcome.what == Outcome::What::nothing) return;
    counters_.decisions[static_cast<std::size_t>(outcome.reason)].add();
    const auto drop = [this](DropReason reason) { counters_.dropped[static_cast<std::size_t>(reason)].add(); };
    if (outcome.sends() && !sent) {
        drop(DropReason::send_failed);
        return;
    }
    switch (outcome.what) {
        case Outcome::What::forwarded: counters_.forwarded.add(); break;
        case Outcome::What::answered: counters_.answered.add(); break;
        case Outcome::What::absorbed: counters_.absorbed.add(); break;
        case Outcome::What::dropped: drop(outcome.drop); break;
        case Outcome::What::nothing: break;
    }
}

}  // namespace sipsteer
