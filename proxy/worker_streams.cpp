#include <chrono>

#include "proxy/stream_set.hpp"
#include "proxy/worker.hpp"

namespace sipsteer {

bool Worker::on_message(const Incoming& incoming) {
    refresh_snapshot();
    const auto begin = std::chrono::steady_clock::now();
    pipeline_.set_time(std::chrono::duration_cast<Milliseconds>(begin.time_since_epoch()));
    const Seconds now = seconds_since_boot();
    const Outcome outcome = pipeline_.process(*snapshot_, incoming, now, outgoing_.slot());
    finish(outcome, incoming, now);
    observe_duration(counters_, std::chrono::steady_clock::now() - begin, 1);
    return outcome.what != Outcome::What::dropped || outcome.drop != DropReason::not_sip;
}

void Worker::on_broken(const Incoming& incoming, ParseError error) {
    refresh_snapshot();
    finish(pipeline_.refuse(*snapshot_, incoming, error, outgoing_.slot()), incoming, seconds_since_boot());
}

void Worker::finish(const Outcome& outcome, const Incoming& incoming, Seconds now) {
    watch_.look(outcome, incoming, pipeline_.message(), *snapshot_, now);
    dispatch(outcome);
    if (outcome.what == Outcome::What::probe_answer) take_answer(outcome.ticket, outcome.status);
    if (outcome.what == Outcome::What::held && outcome.question != 0) ask(outcome.question);
}

void Worker::on_sent(const Outcome& outcome, std::optional<DropReason> lost) {
    Outcome settled = outcome;
    if (lost && outcome.sends()) {
        settled.what = Outcome::What::dropped;
        settled.drop = *lost;
    }
    pipeline_.settle(settled, true);
}

}  // namespace sipsteer
