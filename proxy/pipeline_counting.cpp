#include "proxy/pipeline.hpp"

namespace sipsteer {
namespace {

CounterTransport counter_of(Transport transport) noexcept { return static_cast<CounterTransport>(transport); }

}  // namespace

void Pipeline::count(const Incoming& incoming, bool sip) noexcept {
    const MessageKind kind = !sip                     ? MessageKind::invalid
                             : message().is_request() ? MessageKind::request
                                                      : MessageKind::response;
    counters_
        .received[static_cast<std::size_t>(counter_of(incoming.from.transport))]
                 [static_cast<std::size_t>(kind)]
        .add();
    if (!sip) return;
    if (message().is_request()) {
        counters_.requests[static_cast<std::size_t>(message().method())].add();
    } else if (const std::size_t code_class = message().status_code() / 100U;
               code_class >= 1 && code_class <= kCodeClasses) {
        counters_.responses[code_class - 1].add();
    }
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
