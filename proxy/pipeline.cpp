#include "proxy/pipeline.hpp"

#include "routing/forward.hpp"
#include "routing/reply.hpp"
#include "routing/router.hpp"
#include "routing/via_target.hpp"

namespace sipsteer {
namespace {

constexpr Reply kFlowFailed{.status = 430, .reason_phrase = "Flow Failed"};      // RFC 5626 §5.3.1
constexpr Reply kTooLarge{.status = 513, .reason_phrase = "Message Too Large"};  // RFC 3261 §21.5.7

bool may_be_server(const Snapshot& snapshot, const Incoming& incoming) noexcept {
    return snapshot.local[incoming.listener].side != ListenerSide::outside;
}

/// Who sent it, by the rules of the sides: the listener, then the address. Written in place: what is built in
/// parts and copied whole waits for them.
void classify(const Snapshot& snapshot, const Incoming& incoming, Source& source) noexcept {
    source.endpoint = incoming.from;
    source.listener = incoming.listener;
    source.connection = incoming.connection;
    source.server.reset();
    if (incoming.peer != kNoServer) source.server = snapshot.servers.by_id(incoming.peer);
    if (!source.server && may_be_server(snapshot, incoming))
        snapshot.find_server_behind(incoming.from, source.server);
}

}  // namespace

const Result<void>& Pipeline::Arrival::read(const Snapshot& snapshot, std::string_view bytes) noexcept {
    hashes.reset();
    parsed = message.parse(bytes, snapshot.parse_limits);
    if (parsed) hashes.emplace(snapshot.key, message);
    return parsed;
}

Router Pipeline::router(const Snapshot& snapshot, PlacementTurn& turn) const noexcept {
    return {snapshot, tables_.pins, tables_.calls, tables_.bindings, tables_.hops, turn};
}

void Pipeline::read(const Snapshot& snapshot, std::span<const Incoming> next) noexcept {
    for (std::size_t i = 0; i < next.size(); ++i) {
        const Incoming& incoming = next[i];
        Arrival& arrival = ahead_[i];
        Source& source = arrival.source;
        classify(snapshot, incoming, source);
        if (!arrival.read(snapshot, incoming.bytes) || source.is_server()) continue;
        if (arrival.message.is_request() && may_be_server(snapshot, incoming)) {
            const auto server = snapshot.server_saying(incoming.from, arrival.message.top_via());
            if (server) source.server = *server;
        }
    }
    const Router router = this->router(snapshot, tables_.turn);
    for (const Arrival& arrival : std::span{ahead_}.first(next.size())) {
        if (arrival.hashes) router.prefetch(arrival.message, *arrival.hashes, arrival.source);
    }
}

Outcome Pipeline::process(const Snapshot& snapshot, std::size_t place, const Incoming& incoming, Seconds now,
                          std::span<char> out, DecisionSteps* steps) noexcept {
    at_ = &ahead_[place];
    const Source& source = at_->source;
    const Result<void>& parsed = at_->parsed;
    if (!parsed && MessageView::is_keepalive(incoming.bytes)) {
        counters_.keepalives.add();
        return {};
    }
    if (parsed && source.is_server() && may_answer_probe(message())) {
        if (const auto ticket = read_probe_ticket(snapshot.key.sign, message())) {
            return {
                .what = Outcome::What::probe_answer, .ticket = *ticket, .status = message().status_code()};
        }
    }
    count(incoming, parsed || parsed.error() != ParseError::not_sip);
    if (!source.is_server() && snapshot.local[incoming.listener].side == ListenerSide::servers) {
        return perform(snapshot, dropped(DropReason::wrong_side, RouteReason::rejected_source), out);
    }
    if (too_many(snapshot)) {
        return perform(snapshot, dropped(DropReason::rate_limited, RouteReason::rejected_rate), out);
    }
    if (!parsed) {
        if (steps != nullptr) steps->add("parse", to_string(parsed.error()));
        return perform(snapshot, Router::decide_broken(message(), parsed.error()), out);
    }
    if (const auto waits = wait_behind(snapshot)) return *waits;
    return route(snapshot, {}, now, out, steps);
}

Outcome Pipeline::refuse(const Snapshot& snapshot, const Incoming& incoming, ParseError error,
                         std::span<char> out) noexcept {
    at_ = &other_;
    classify(snapshot, incoming, at_->source);
    const Result<void>& parsed = at_->read(snapshot, incoming.bytes);
    if (!parsed && parsed.error() == ParseError::not_sip) error = ParseError::not_sip;
    count(incoming, error != ParseError::not_sip);
    if (!at_->source.is_server() && snapshot.local[incoming.listener].side == ListenerSide::servers) {
        return perform(snapshot, dropped(DropReason::wrong_side, RouteReason::rejected_source), out);
    }
    return perform(snapshot, Router::decide_broken(message(), error), out);
}

/// What is no SIP counts too: it costs the same.
bool Pipeline::too_many(const Snapshot& snapshot) noexcept {
    const Source& source = at_->source;
    if (snapshot.rate_per_source == 0 || source.is_server() || !message().is_request() ||
        learning_ == Learning::off) {
        return false;
    }
    return !tables_.rate_limit.take(snapshot.key.table, source.endpoint.address, snapshot.rate_per_source,
                                    time_);
}

/// Decide, and ask the servers or DNS once when the decision wants that.
Outcome Pipeline::route(const Snapshot& snapshot, const ProbeAnswer& answer, Seconds now, std::span<char> out,
                        DecisionSteps* steps) noexcept {
    RouteDecision decision = decide(snapshot, answer, now, steps);
    if (const Ask* ask = std::get_if<Ask>(&decision.action)) {
        if (const auto held = hold(snapshot, *ask, now)) return *held;
        decision = decide(snapshot, {.asked = true}, now, steps);
    }
    if (decision.bad_record_route) counters_.invalid_record_routes.add();
    if (decision.unverified_response) counters_.unverified_responses.add();
    return perform(snapshot, decision, out);
}

RouteDecision Pipeline::decide(const Snapshot& snapshot, const ProbeAnswer& answer, Seconds now,
                               DecisionSteps* steps) noexcept {
    const bool learns = learning_ == Learning::on;
    PlacementTurn turn{tables_.turn.load(std::memory_order_relaxed)};  // looked at, not taken
    const Router router = this->router(snapshot, learns ? tables_.turn : turn);
    const auto decide = [&] {
        return router.decide(message(), *at_->hashes, at_->source, now, effects_, answer, steps);
    };
    RouteDecision decision = decide();
    if (learns && !apply(effects_, tables_.pins, tables_.calls, tables_.bindings, tables_.hops, now)) {
        // Another worker sent a copy of this request elsewhere just now: that decides.
        decision = decide();
        static_cast<void>(apply(effects_, tables_.pins, tables_.calls, tables_.bindings, tables_.hops, now));
    }
    return decision;
}

Outcome Pipeline::perform(const Snapshot& snapshot, const RouteDecision& decision,
                          std::span<char> out) const noexcept {
    const Source& source = at_->source;
    Outcome outcome;
    outcome.reason = decision.reason;
    outcome.from_server = snapshot.servers.id_of(source.server);
    if (const Drop* drop = std::get_if<Drop>(&decision.action)) {
        outcome.what = Outcome::What::dropped;
        outcome.drop = drop->reason;
        return outcome;
    }
    if (const Reply* reply = std::get_if<Reply>(&decision.action)) {
        answer(snapshot, *reply, outcome, out);
        return outcome;
    }
    const Forward* forward = std::get_if<Forward>(&decision.action);
    if (forward == nullptr) {  // Absorb: an Ask never comes this far
        outcome.what = Outcome::What::absorbed;
        return outcome;
    }
    const bool request = message().is_request();
    if (request && connections_ != nullptr && forward->connection != kNoConnection &&
        !connections_->peer_of(forward->connection)) {
        // The peer is reached by that connection or not at all.
        outcome.reason = RouteReason::rejected_unresolved;
        outcome.drop = DropReason::no_connection;
        outcome.what = Outcome::What::dropped;
        if (message().method() != Method::ack) answer(snapshot, kFlowFailed, outcome, out);
        return outcome;
    }
    auto written = request ? write_request(message(), source, *forward, snapshot, out)
                           : write_response(message(), forward->next_hop.transport, out);
    const auto stream =
        request && written ? by_stream(snapshot, *forward, written->size, outcome) : std::nullopt;
    if (stream) {
        forward = &*stream;
        written = write_request(message(), source, *forward, snapshot, out);
    }
    if (!written || message().bytes().size() > snapshot.message_bytes) {
        outcome.reason = RouteReason::rejected_too_large;
        outcome.drop = DropReason::too_large;
        outcome.what = Outcome::What::dropped;
        if (request && message().method() != Method::ack) answer(snapshot, kTooLarge, outcome, out);
        return outcome;
    }
    outcome.what = Outcome::What::forwarded;
    outcome.to = forward->next_hop;
    outcome.listener = forward->listener;
    outcome.connection = forward->connection;
    outcome.host = forward->host;
    outcome.server = forward->server;
    outcome.to_server = snapshot.servers.id_of(forward->server);
    outcome.code_class = static_cast<std::uint8_t>(message().status_code() / 100U);
    outcome.starts_call = request && message().method() == Method::invite && message().to_tag().empty();
    outcome.size = written->size;
    outcome.pad_at = written->pad_at;
    return outcome;
}

void Pipeline::answer(const Snapshot& snapshot, const Reply& reply, Outcome& outcome,
                      std::span<char> out) const noexcept {
    const Source& source = at_->source;
    const auto to = reply_target(message().top_via(), source.endpoint);
    const auto written = to ? write_reply(message(), source, reply, snapshot.key.sign, out) : std::nullopt;
    if (!written) {
        outcome.what = Outcome::What::dropped;
        outcome.drop = to ? DropReason::answer_too_long : DropReason::no_next_hop;
        return;
    }
    outcome.what = Outcome::What::answered;
    outcome.to = *to;
    outcome.listener = source.listener;
    outcome.connection = source.connection;
    outcome.size = *written;
}

}  // namespace sipsteer
