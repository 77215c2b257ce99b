#include "proxy/pipeline.hpp"

#include "routing/forward.hpp"
#include "routing/reply.hpp"
#include "routing/router.hpp"
#include "routing/via_target.hpp"

namespace sipsteer {
namespace {

constexpr Reply kFlowFailed{.status = 430, .reason_phrase = "Flow Failed"};      // RFC 5626 §5.3.1
constexpr Reply kTooLarge{.status = 513, .reason_phrase = "Message Too Large"};  // RFC 3261 §21.5.7

CounterTransport counter_of(Transport transport) noexcept { return static_cast<CounterTransport>(transport); }

/// Who sent it, by the rules of the sides: the listener, then the address.
Source classify(const Snapshot& snapshot, const Incoming& incoming) noexcept {
    Source source{incoming.from, incoming.listener, std::nullopt, incoming.connection};
    if (incoming.peer != kNoServer) source.server = snapshot.servers.by_id(incoming.peer);
    if (!source.server && snapshot.local[incoming.listener].side != ListenerSide::outside) {
        source.server = snapshot.server_behind(incoming.from);
    }
    return source;
}

HeldMessage held_copy(const Snapshot& snapshot, const MessageView& message, const Source& source) {
    return {std::string{message.bytes()}, source.endpoint, source.listener, source.connection,
            snapshot.servers.id_of(source.server)};
}

}  // namespace

Outcome Pipeline::process(const Snapshot& snapshot, const Incoming& incoming, Seconds now,
                          std::span<char> out, DecisionSteps* steps) noexcept {
    if (MessageView::is_keepalive(incoming.bytes)) {
        counters_.keepalives.add();
        return {};
    }
    const Source source = classify(snapshot, incoming);
    const Result<void> parsed = message_.parse(incoming.bytes, snapshot.parse_limits);
    if (parsed && source.is_server()) {
        if (const auto ticket = read_probe_ticket(snapshot.key.sign, message_)) {
            return {.what = Outcome::What::probe_answer, .ticket = *ticket, .status = message_.status_code()};
        }
    }
    count(incoming, parsed || parsed.error() != ParseError::not_sip);
    if (!source.is_server() && snapshot.local[incoming.listener].side == ListenerSide::servers) {
        return perform(snapshot, source, dropped(DropReason::wrong_side, RouteReason::rejected_source), out);
    }
    if (too_many(snapshot, source)) {
        return perform(snapshot, source, dropped(DropReason::rate_limited, RouteReason::rejected_rate), out);
    }
    if (!parsed) {
        if (steps != nullptr) steps->add("parse", to_string(parsed.error()));
        return perform(snapshot, source, Router::decide_broken(message_, parsed.error()), out);
    }
    if (const auto waits = wait_behind(snapshot, source)) return *waits;
    return route(snapshot, source, {}, now, out, steps);
}

Outcome Pipeline::refuse(const Snapshot& snapshot, const Incoming& incoming, ParseError error,
                         std::span<char> out) noexcept {
    const Source source = classify(snapshot, incoming);
    const Result<void> parsed = message_.parse(incoming.bytes, snapshot.parse_limits);
    if (!parsed && parsed.error() == ParseError::not_sip) error = ParseError::not_sip;
    count(incoming, error != ParseError::not_sip);
    if (!source.is_server() && snapshot.local[incoming.listener].side == ListenerSide::servers) {
        return perform(snapshot, source, dropped(DropReason::wrong_side, RouteReason::rejected_source), out);
    }
    return perform(snapshot, source, Router::decide_broken(message_, error), out);
}

Outcome Pipeline::release(const Snapshot& snapshot, const HeldMessage& held, const ProbeAnswer& answer,
                          Seconds now, std::span<char> out) noexcept {
    const Source source{held.from, held.listener, snapshot.servers.by_id(held.server), held.connection};
    const Result<void> parsed = message_.parse(held.bytes, snapshot.parse_limits);
    if (!parsed) return perform(snapshot, source, Router::decide_broken(message_, parsed.error()), out);
    return route(snapshot, source, answer, now, out, nullptr);
}

void Pipeline::count(const Incoming& incoming, bool sip) noexcept {
    const MessageKind kind = !sip                    ? MessageKind::invalid
                             : message_.is_request() ? MessageKind::request
                                                     : MessageKind::response;
    counters_
        .received[static_cast<std::size_t>(counter_of(incoming.from.transport))]
                 [static_cast<std::size_t>(kind)]
        .add();
    if (!sip) return;
    if (message_.is_request()) {
        counters_.requests[static_cast<std::size_t>(message_.method())].add();
    } else if (const std::size_t code_class = message_.status_code() / 100U;
               code_class >= 1 && code_class <= kCodeClasses) {
        counters_.responses[code_class - 1].add();
    }
}

/// What is no SIP counts too: it costs the same.
bool Pipeline::too_many(const Snapshot& snapshot, const Source& source) noexcept {
    if (snapshot.rate_per_source == 0 || source.is_server() || !message_.is_request() ||
        learning_ == Learning::off) {
        return false;
    }
    return !tables_.rate_limit.take(snapshot.key.table, source.endpoint.address, snapshot.rate_per_source,
                                    time_);
}

/// Decide, and ask the servers once when the decision wants that.
Outcome Pipeline::route(const Snapshot& snapshot, const Source& source, const ProbeAnswer& answer,
                        Seconds now, std::span<char> out, DecisionSteps* steps) noexcept {
    RouteDecision decision = decide(snapshot, source, answer, now, steps);
    if (const Ask* ask = std::get_if<Ask>(&decision.action)) {
        if (const auto held = hold(snapshot, source, *ask)) return *held;
        decision = decide(snapshot, source, {.asked = true}, now, steps);
    }
    if (decision.bad_record_route) counters_.invalid_record_routes.add();
    if (decision.unverified_response) counters_.unverified_responses.add();
    return perform(snapshot, source, decision, out);
}

RouteDecision Pipeline::decide(const Snapshot& snapshot, const Source& source, const ProbeAnswer& answer,
                               Seconds now, DecisionSteps* steps) const noexcept {
    if (learning_ == Learning::off) {
        PlacementTurn turn{tables_.turn.load(std::memory_order_relaxed)};  // looked at, not taken
        return Router{snapshot, tables_.pins, tables_.calls, tables_.bindings, turn}.decide(
            message_, source, now, answer, steps);
    }
    const Router router{snapshot, tables_.pins, tables_.calls, tables_.bindings, tables_.turn};
    RouteDecision decision = router.decide(message_, source, now, answer, steps);
    if (!apply(decision.effects, tables_.pins, tables_.calls, tables_.bindings, now)) {
        // Another worker pinned a copy of this INVITE elsewhere just now: that pin decides.
        decision = router.decide(message_, source, now, answer, steps);
        static_cast<void>(apply(decision.effects, tables_.pins, tables_.calls, tables_.bindings, now));
    }
    return decision;
}

/// A copy or a follower of a request that waits for the servers' answer.
std::optional<Outcome> Pipeline::wait_behind(const Snapshot& snapshot, const Source& source) noexcept {
    if (questions_.empty() || !message_.is_request()) return std::nullopt;
    const std::uint64_t key =
        make_pin_key(snapshot.key.table, message_, snapshot.servers.id_of(source.server));
    switch (questions_.offer(key, held_copy(snapshot, message_, source))) {
        case HeldRequests::Offer::nobody_waits: return std::nullopt;
        case HeldRequests::Offer::queued: return Outcome{.what = Outcome::What::held};
        case HeldRequests::Offer::absorbed:
        case HeldRequests::Offer::refused: break;
    }
    return Outcome{.what = Outcome::What::absorbed, .reason = RouteReason::transfer_waiting};
}

std::optional<Outcome> Pipeline::hold(const Snapshot& snapshot, const Source& source,
                                      const Ask& ask) noexcept {
    const std::uint64_t key =
        make_pin_key(snapshot.key.table, message_, snapshot.servers.id_of(source.server));
    const HeldMessage message = held_copy(snapshot, message_, source);
    // The dialog's views point into the received bytes; the copy has them at the same places.
    Replaces dialog = ask.dialog;
    for (std::string_view* part : {&dialog.call_id, &dialog.to_tag, &dialog.from_tag}) {
        *part = std::string_view{message.bytes}.substr(
            static_cast<std::size_t>(part->data() - message_.bytes().data()), part->size());
    }
    const auto question = questions_.ask(snapshot, source, key, message, dialog, time_);
    if (!question) return std::nullopt;
    return Outcome{.what = Outcome::What::held, .question = *question};
}

Outcome Pipeline::perform(const Snapshot& snapshot, const Source& source, const RouteDecision& decision,
                          std::span<char> out) const noexcept {
    Outcome outcome;
    outcome.reason = decision.reason;
    outcome.from_server = snapshot.servers.id_of(source.server);
    if (const Drop* drop = std::get_if<Drop>(&decision.action)) {
        outcome.what = Outcome::What::dropped;
        outcome.drop = drop->reason;
        return outcome;
    }
    if (const Reply* reply = std::get_if<Reply>(&decision.action)) {
        return answer(snapshot, source, *reply, outcome, out);
    }
    const Forward* forward = std::get_if<Forward>(&decision.action);
    if (forward == nullptr) {  // Absorb: an Ask never comes this far
        outcome.what = Outcome::What::absorbed;
        return outcome;
    }
    const bool request = message_.is_request();
    if (request && connections_ != nullptr && forward->connection != kNoConnection &&
        !connections_->is_open(forward->connection)) {
        // The peer is reached by that connection or not at all.
        outcome.reason = RouteReason::rejected_unresolved;
        outcome.drop = DropReason::no_connection;
        outcome.what = Outcome::What::dropped;
        if (message_.method() == Method::ack) return outcome;
        return answer(snapshot, source, kFlowFailed, outcome, out);
    }
    const auto written = request ? write_request(message_, source, *forward, snapshot, out)
                                 : write_response(message_, forward->next_hop.transport, out);
    if (!written || message_.bytes().size() > snapshot.message_bytes) {
        outcome.reason = RouteReason::rejected_too_large;
        outcome.drop = DropReason::too_large;
        outcome.what = Outcome::What::dropped;
        if (request && message_.method() != Method::ack)
            return answer(snapshot, source, kTooLarge, outcome, out);
        return outcome;
    }
    outcome.what = Outcome::What::forwarded;
    outcome.to = forward->next_hop;
    outcome.listener = forward->listener;
    outcome.connection = forward->connection;
    outcome.server = forward->server;
    outcome.to_server = snapshot.servers.id_of(forward->server);
    outcome.code_class = static_cast<std::uint8_t>(message_.status_code() / 100U);
    outcome.starts_call = request && message_.method() == Method::invite && message_.to_tag().empty();
    outcome.size = written->size;
    outcome.pad_at = written->pad_at;
    return outcome;
}

Outcome Pipeline::answer(const Snapshot& snapshot, const Source& source, const Reply& reply, Outcome outcome,
                         std::span<char> out) const noexcept {
    const auto to = reply_target(message_.top_via(), source.endpoint);
    const auto written = to ? write_reply(message_, source, reply, snapshot.key.sign, out) : std::nullopt;
    if (!written) {
        outcome.what = Outcome::What::dropped;
        outcome.drop = to ? DropReason::answer_too_long : DropReason::no_next_hop;
        return outcome;
    }
    outcome.what = Outcome::What::answered;
    outcome.to = *to;
    outcome.listener = source.listener;
    outcome.connection = source.connection;
    outcome.size = *written;
    return outcome;
}

void Pipeline::count_servers(const Outcome& outcome) noexcept {
    if (outcome.from_server != kNoServer) {
        ServerCounters& server = counters_.servers.of(outcome.from_server);
        server.received.add();
        if (outcome.code_class != 0) server.answers[outcome.code_class - 1U].add();
    }
    if (outcome.to_server != kNoServer) {
        ServerCounters& server = counters_.servers.of(outcome.to_server);
        server.sent.add();
        if (outcome.starts_call) server.invites.add();
    }
}

void Pipeline::settle(const Outcome& outcome, bool sent) noexcept {
    // What is held is counted when it goes on; keep-alives and answers to probes are no messages.
    if (outcome.what == Outcome::What::nothing || outcome.what == Outcome::What::held ||
        outcome.what == Outcome::What::probe_answer) {
        return;
    }
    counters_.decisions[static_cast<std::size_t>(outcome.reason)].add();
    count_servers(outcome);
    const auto drop = [this](DropReason reason) {
        counters_.dropped[static_cast<std::size_t>(reason)].add();
    };
    if (outcome.sends() && !sent) {
        drop(DropReason::send_failed);
        return;
    }
    switch (outcome.what) {
        case Outcome::What::forwarded: counters_.forwarded.add(); break;
        case Outcome::What::answered: counters_.answered.add(); break;
        case Outcome::What::absorbed: counters_.absorbed.add(); break;
        case Outcome::What::dropped: drop(outcome.drop); break;
        case Outcome::What::nothing:
        case Outcome::What::held:
        case Outcome::What::probe_answer: break;
    }
}

}  // namespace sipsteer
