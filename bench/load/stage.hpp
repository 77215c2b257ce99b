#pragma once

#include "bench/load/call_book.hpp"
#include "bench/load/faults.hpp"
#include "bench/load/message_writer.hpp"
#include "bench/load/options.hpp"
#include "bench/load/tally.hpp"
#include "bench/load/transport.hpp"

namespace sipsteer::load {

/// T1 of RFC 3261 §17: the first repetition comes after it, the next after twice that, and so on.
inline constexpr Time kFirstRepetition = 500 * kMillisecond;

/// What phones and servers have in common.
struct Stage {
    const Options& options;
    Transport& transport;
    const MessageWriter& writer;
    CallBook& calls;
    Faults& faults;
    Tally& tally;

    [[nodiscard]] bool behind_proxy() const noexcept { return options.middle == Middle::proxy; }
    void fault_if(bool wrong, Fault fault, std::string_view message) const {
        if (wrong) [[unlikely]]
            faults.add(fault, message);
    }

    /// From now on `call` waits for the answer to what was just sent.
    void wait(Call& call, Call::Waits what, Time now) const {
        call.tries = call.waits == what ? static_cast<std::uint8_t>(call.tries + 1) : std::uint8_t{0};
        call.waits = what;
        calls.due(call) = now + (kFirstRepetition << call.tries);
    }
    void wait_for_nothing(Call& call, Time now) const {
        call.waits = Call::Waits::nothing;
        call.tries = 0;
        calls.due(call) = now + kFirstRepetition;
    }
    void complete(Call& call) const {
        ++tally.counts.completed;
        calls.end(call);
    }
};

}  // namespace sipsteer::load
