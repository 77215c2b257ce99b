#include <boost/asio/post.hpp>

#include "proxy/refusals.hpp"
#include "proxy/worker.hpp"

namespace sipsteer {
namespace {

/// A flood of forged ICMP errors must not keep a worker from its messages.
constexpr int kRefusalsPerLook = 64;

Microseconds steady_now() {
    return std::chrono::duration_cast<Microseconds>(std::chrono::steady_clock::now().time_since_epoch());
}

}  // namespace

void Worker::check_health_soon() {
    boost::asio::post(context_, [this] { check_health(); });
}

/// Sends what is due, tells what has changed, and comes back when there may be more. Health checks are
/// outside the counters' law.
void Worker::check_health() {
    if (draining_) return;
    refresh_snapshot();
    const Microseconds now = steady_now();
    if (health_generation_ != generation_) {
        health_.follow(*snapshot_, now);
        health_generation_ = generation_;
    }
    const auto heard = [this](ServerId server) {
        std::uint64_t messages = 0;
        for (const auto& worker : *all_) {
            if (const ServerCounters* counted = worker->counters_.servers.find(server))
                messages += counted->received.value();
        }
        return messages;
    };
    for (const ProbeTicket& ticket : health_.due(*snapshot_, now, heard)) {
        if (const auto check = write_health_check(*snapshot_, ticket, outgoing_.slot()))
            send_uncounted(check->to, check->listener, check->size);
    }
    for (const HealthReport& report : health_.changes(*snapshot_, now)) health_told_(report);
    health_timer_.cancel();
    const auto next = health_.next(now);
    if (!next) return;
    health_timer_.expires_at(std::chrono::steady_clock::time_point{*next});
    health_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) check_health();
    });
}

/// Rarely: only when a socket has told that there is an error. What is left wakes us again.
void Worker::read_refusals() {
    for (Socket& socket : sockets_) {
        for (int i = 0; i < kRefusalsPerLook; ++i) {
            const auto to = next_refusal(socket.socket.native_handle());
            if (!to) break;
            note_refused(*to);
        }
    }
}

void Worker::note_refused(const Endpoint& to) {
    const auto index = snapshot_->servers.by_endpoint(to.address, to.port);
    if (!index || !snapshot_->health.on() || !snapshot_->servers[*index].up) return;
    Worker& checker = *all_->front();
    boost::asio::post(checker.context_, [&checker, id = snapshot_->servers[*index].id] {
        checker.health_.refused(id, steady_now());
        checker.check_health();
    });
}

/// On whichever worker got it; the first one judges.
void Worker::take_health_answer(const ProbeTicket& ticket, std::uint16_t status) {
    Worker& checker = *all_->front();
    boost::asio::post(checker.context_, [&checker, ticket, status, now = steady_now()] {
        checker.health_.answered(*checker.snapshot_, ticket, status, now);
        if (auto* taken = checker.tables_.round_trips.find_or_add(ticket.server))
            taken->store(static_cast<std::uint32_t>(checker.health_.round_trip(ticket.server).count()));
        checker.check_health();
    });
}

}  // namespace sipsteer
