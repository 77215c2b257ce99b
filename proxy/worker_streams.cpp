#include <boost/asio/post.hpp>
#include <chrono>
#include <optional>
#include <string>
#include <utility>

#include "proxy/stream_set.hpp"
#include "proxy/worker.hpp"

namespace sipsteer {
namespace {

/// Between two rounds of a worker that has enough to do. One that had to be woken has waited longer.
constexpr std::chrono::microseconds kBusyPause{10};

}  // namespace

Outcome Worker::on_message(const Incoming& incoming) {
    refresh_snapshot();
    const auto begin = std::chrono::steady_clock::now();
    if (!round_begin_) round_begin_ = begin;
    pipeline_.set_time(std::chrono::duration_cast<Milliseconds>(begin.time_since_epoch()));
    const Seconds now = seconds_since_boot();
    const Outcome outcome = pipeline_.process(*snapshot_, incoming, now, outgoing_.slot());
    finish(outcome, incoming, now);
    observe_duration(counters_, std::chrono::steady_clock::now() - begin, 1);
    return outcome;
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

/// A round that comes right behind another is not the last: then all goes out once what is ready has been
/// read, to one peer by one write, in one record of TLS.
void Worker::on_round_end() {
    const auto begin = std::exchange(round_begin_, std::nullopt);
    if (flushes_soon_) return;
    if (!begin || *begin - flushed_ > kBusyPause) return flush_round();
    flushes_soon_ = true;
    boost::asio::post(context_, [this] { flush_round(); });
}

void Worker::flush_round() {
    flushes_soon_ = false;
    flush();
    flushed_ = std::chrono::steady_clock::now();
}

/// Later: whoever tells this is in the middle of something, and `bytes` may stand where an answer is written.
void Worker::on_lost(const Outcome& outcome, DropReason why, std::string_view bytes) {
    boost::asio::post(context_, [this, outcome = outcome, why, text = std::string{bytes}] {
        refresh_snapshot();
        dispatch(pipeline_.lose(*snapshot_, outcome, why, text, seconds_since_boot(), outgoing_.slot()));
        flush();
    });
}

}  // namespace sipsteer
