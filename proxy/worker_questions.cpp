#include <algorithm>
#include <boost/asio/post.hpp>
#include <string>

#include "proxy/stream_set.hpp"
#include "proxy/worker.hpp"

namespace sipsteer {
namespace {

/// While anything waits, deadlines are looked at this often.
constexpr Milliseconds kDeadlinePause{10};

/// Sweeps (a quarter of a second each) between two rounds of trials: while a server has not answered,
/// twice as long each time up to a minute; else ten minutes.
constexpr unsigned kTrialSoonest = 4;
constexpr unsigned kTrialLatest = 240;
constexpr unsigned kTrialAgain = 2400;

Milliseconds steady_now() {
    return std::chrono::duration_cast<Milliseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

/// Answers come to whichever worker the kernel picks by the server's address: hand them over.
void Worker::take_answer(const ProbeTicket& ticket, std::uint16_t status) {
    if (ticket.kind == ProbeKind::health) return take_health_answer(ticket, status);
    const ProbeVerdict verdict = probe_verdict(status);
    if (ticket.kind == ProbeKind::trial) {
        if (auto* use = tables_.probe_uses.find_or_add(ticket.server)) {
            use->store(verdict == ProbeVerdict::not_mine ? ProbeUse::usable : ProbeUse::unusable);
        }
        return;
    }
    if (ticket.worker >= all_->size()) return;
    Worker& owner = *(*all_)[ticket.worker];
    boost::asio::post(owner.context_, [&owner, ticket, verdict] {
        owner.pipeline_.questions().answer(ticket, verdict, steady_now());
        owner.release_settled();
    });
}

void Worker::take_name(std::uint64_t name) {
    boost::asio::post(context_, [this, name] {
        pipeline_.questions().name_answered(name);
        release_settled();
    });
}

void Worker::ask(HeldRequests::Id question) {
    wait_deadline();
    if (const NameQuestion* const name = pipeline_.questions().name_of(question)) return name_asked_(*name);
    pipeline_.questions().write(*snapshot_, question, outgoing_.slot(),
                                [this](const Endpoint& to, ListenerIndex listener, std::size_t size) {
                                    send_uncounted(to, listener, size);
                                });
}

/// Probes are outside the counters' law.
void Worker::send_uncounted(const Endpoint& to, ListenerIndex listener, std::size_t size) {
    Outcome probe{.to = to, .listener = listener, .size = size};
    if (is_stream(to.transport)) {
        probe.server = snapshot_->servers.by_endpoint(to.address, to.port);
        streams_->send(probe, {outgoing_.slot().data(), size});
    } else {
        unsettled_[outgoing_.size()] = probe;
        outgoing_.add(udp_[listener], to, size);
    }
    flush();
}

/// A server that does not answer 481 to a dialog that nobody has cannot be believed.
void Worker::try_servers() {
    if (draining_) return;
    refresh_snapshot();
    bool all_known = true;
    if (snapshot_->transfer.probe && !snapshot_->transfer.ask_untried) {
        const auto send = [this](const Endpoint& to, ListenerIndex listener, std::size_t size) {
            send_uncounted(to, listener, size);
        };
        const std::string now = std::to_string(steady_now().count());
        for (const MediaServer& server : snapshot_->servers.all()) {
            if (server.state == ServerState::maint) continue;
            pipeline_.questions().write_trial(*snapshot_, server.id, now, outgoing_.slot(), send);
            all_known = all_known && tables_.probe_uses.get(server.id) != ProbeUse::unknown;
        }
    }
    trial_pause_ = all_known ? kTrialAgain : std::clamp(2 * trial_pause_, kTrialSoonest, kTrialLatest);
    sweeps_until_trial_ = trial_pause_;
}

void Worker::release_settled() {
    refresh_snapshot();
    pipeline_.set_time(steady_now());
    while (const auto held = pipeline_.questions().take_settled(*snapshot_, steady_now())) {
        const auto* const asked = std::get_if<OwnerQuestion>(&held->question);
        release(held->request, {.asked = true, .owner = asked == nullptr ? kNoServer : asked->probe.owner()});
        for (const HeldMessage& follower : held->followers) release(follower, {.asked = true});
    }
}

void Worker::release(const HeldMessage& message, const ProbeAnswer& answer) {
    const Seconds now = seconds_since_boot();
    const Outcome outcome = pipeline_.release(*snapshot_, message, answer, now, outgoing_.slot());
    const Incoming incoming{message.bytes, message.from, message.listener, message.connection};
    watch_.look(outcome, incoming, pipeline_.message(), *snapshot_, now);
    dispatch(outcome);
    flush();
    if (outcome.what == Outcome::What::held && outcome.question != 0) ask(outcome.question);
}

void Worker::wait_deadline() {
    if (deadline_armed_) return;
    deadline_armed_ = true;
    deadline_timer_.expires_after(kDeadlinePause);
    deadline_timer_.async_wait([this](const boost::system::error_code& error) {
        deadline_armed_ = false;
        if (error) return;
        release_settled();
        if (!pipeline_.questions().empty()) wait_deadline();
    });
}

}  // namespace sipsteer
