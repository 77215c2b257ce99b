#include "bench/load/load.hpp"

#include <unistd.h>

#include <algorithm>

#include "bench/load/stream_transport.hpp"
#include "bench/load/udp_transport.hpp"

namespace sipsteer::load {
namespace {

constexpr Time kLookPause = 20 * kMillisecond;
/// Open loop: behind by more than this, the rate is not kept and calls are not caught up with.
constexpr Time kMostBehind = 200 * kMillisecond;

/// Twice what may go on, since a transfer is two calls; an open loop gets room for calls that get stuck.
std::size_t capacity(const Options& options) {
    return std::max<std::size_t>({1024, 2 * options.in_flight, static_cast<std::size_t>(options.rate * 2)});
}

std::unique_ptr<Transport> make_transport(const Options& options) {
    if (options.wire == Wire::udp) return std::make_unique<UdpTransport>(options);
    return std::make_unique<StreamTransport>(options);
}

Time to_time(double seconds) noexcept { return static_cast<Time>(seconds * static_cast<double>(kSecond)); }

}  // namespace

Load::Load(const Options& options)
    : options_(options),
      run_(static_cast<std::uint32_t>(clock_now() / kMicrosecond) ^
           (static_cast<std::uint32_t>(::getpid()) << 16)),
      writer_(options, run_),
      calls_(capacity(options), run_),
      transport_(make_transport(options)),
      stage_{options, *transport_, writer_, calls_, faults_, tally_},
      ends_(stage_) {}

Result Load::run() {
    begins_ = false;
    run_until(clock_now() + to_time(options_.settle));
    begins_ = true;
    next_begin_ = clock_now();
    run_until(next_begin_ + to_time(options_.warm_up));
    tally_.one_way.clear();
    tally_.set_up.clear();
    const Counts counts = tally_.counts;
    const ProcessCpu target = ProcessCpu::read(options_.target);
    const ProcessCpu generator = ProcessCpu::read(::getpid());
    const Time begin = clock_now();
    run_until(begin + to_time(options_.seconds));

    Result result;
    result.target = ProcessCpu::read(options_.target).since(target);
    result.generator = ProcessCpu::read(::getpid()).since(generator);
    result.seconds = static_cast<double>(clock_now() - begin) / static_cast<double>(kSecond);
    result.counts = tally_.counts - counts;
    result.one_way = tally_.one_way;
    result.set_up = tally_.set_up;
    finish();
    result.faults = faults_;
    result.lost = tally_.counts.lost;
    result.refused = transport_->refused();
    char buffer[kMaxMessage];
    Text invite{buffer};
    writer_.invite(invite, Call{}, nullptr);
    result.invite_bytes = invite.size();
    return result;
}

bool Load::enough() const noexcept { return options_.calls != 0 && tally_.counts.begun >= options_.calls; }

void Load::run_until(Time end) {
    Time now = clock_now();
    while (now < end && !(enough() && calls_.active() == 0)) {
        begin_calls(now);
        if (now >= next_look_) look_at_due(now);
        Time wait = std::min(end, next_look_) - now;
        if (options_.rate > 0 && begins_ && !enough()) wait = std::min(wait, next_begin_ - now);
        transport_->turn(std::max<Time>(wait, 0), ends_);
        now = clock_now();
    }
}

void Load::begin_calls(Time now) {
    if (!begins_) return;
    if (options_.rate > 0) {
        const Time pause = to_time(1 / options_.rate);
        if (now - next_begin_ > kMostBehind) {
            const Time missed = (now - next_begin_) / pause;
            tally_.counts.not_begun += static_cast<std::uint64_t>(missed);
            next_begin_ += missed * pause;
        }
        for (; next_begin_ <= now && !enough(); next_begin_ += pause) ends_.phones().begin(next_begin_, now);
        return;
    }
    // A transfer's two calls are one of those in flight.
    while (calls_.active() < options_.in_flight && !enough()) ends_.phones().begin(now, now);
}

void Load::look_at_due(Time now) {
    next_look_ = now + kLookPause;
    calls_.each_due(now, [&](Call& call) {
        if (now - call.begun > to_time(options_.mode == Mode::one_way ? 1 : options_.give_up)) {
            give_up(call);
            return;
        }
        if (options_.wire != Wire::udp) {  // nothing gets lost, nothing is sent again
            calls_.due(call) = now + kFirstRepetition;
            return;
        }
        switch (call.waits) {
            case Call::Waits::invite:
                if (options_.mode == Mode::one_way || call.ringing) {
                    calls_.due(call) = now + kFirstRepetition;
                    return;
                }
                ++tally_.counts.invites_again;
                return ends_.phones().send_invite(call, now);
            case Call::Waits::ok: ++tally_.counts.oks_again; return ends_.servers().send_ok(call, now);
            case Call::Waits::phone_bye:
                ++tally_.counts.byes_again;
                return ends_.phones().send_bye(call, now);
            case Call::Waits::server_bye:
                ++tally_.counts.byes_again;
                return ends_.servers().send_bye(call, now);
            case Call::Waits::nothing: calls_.due(call) = now + kFirstRepetition; return;
        }
    });
}

void Load::give_up(Call& call) {
    ++tally_.counts.lost;
    calls_.end(call);
}

/// What is going on may end; no new call.
void Load::finish() {
    begins_ = false;
    const Time end = clock_now() + to_time(options_.give_up);
    Time now = clock_now();
    while (calls_.active() > 0 && now < end) {
        if (now >= next_look_) look_at_due(now);
        transport_->turn(std::max<Time>(next_look_ - now, 0), ends_);
        now = clock_now();
    }
    tally_.counts.lost += calls_.active();
}

}  // namespace sipsteer::load
