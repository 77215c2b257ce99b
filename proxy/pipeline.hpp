#pragma once

#include <cstddef>
#include <span>
#include <string_view>

#include "parser/message_view.hpp"
#include "proxy/counters.hpp"
#include "routing/decision.hpp"
#include "routing/decision_steps.hpp"
#include "routing/placement.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// The tables that all workers share.
struct Tables {
    explicit Tables(std::size_t max_calls) : pins(max_calls), calls(max_calls) {}

    PinTable pins;
    CallTable calls;
    PlacementTurn turn{0};
};

/// A message as it came in. `bytes` must stay until the outcome has been used.
struct Incoming {
    std::string_view bytes;
    Endpoint from;
    ListenerIndex listener = 0;
};

/// What became of one message.
struct Outcome {
    enum class What : std::uint8_t { nothing, forwarded, answered, absorbed, dropped };

    What what = What::nothing;             ///< nothing: a keep-alive, not counted as a message
    RouteReason reason = RouteReason::rejected_not_sip;
    DropReason drop = DropReason::not_sip; ///< when dropped
    Endpoint to;                           ///< when forwarded or answered
    ListenerIndex listener = 0;            ///< to send from
    std::size_t size = 0;                  ///< bytes written to `out`
    std::optional<ServerIndex> server;     ///< when it goes to a media server

    [[nodiscard]] bool sends() const noexcept { return what == What::forwarded || what == What::answered; }
};

/// One message from bytes to send: parse, decide, learn, write. No I/O and no clock of its own; one for
/// each worker. No allocation.
class Pipeline {
  public:
    Pipeline(Tables& tables, Counters& counters) noexcept : tables_(tables), counters_(counters) {}

    /// Writes what is to be sent into `out`, whose size bounds it. The tables have learned before this
    /// returns, so whoever gets the message may be answered by any worker (requirement 84).
    /// Call settle() with the outcome once it is sent.
    [[nodiscard]] Outcome process(const Snapshot& snapshot, const Incoming& incoming, Seconds now, std::span<char> out,
                                  DecisionSteps* steps = nullptr) noexcept;

    /// Counts the message: every received one ends in exactly one counter. `sent`: the kernel took it.
    void settle(const Outcome& outcome, bool sent) noexcept;

    /// The message of the last process(), for logs.
    [[nodiscard]] const MessageView& message() const noexcept { return message_; }

  private:
    [[nodiscard]] RouteDecision decide(const Snapshot& snapshot, const Source& source, Seconds now,
                                       DecisionSteps* steps) const noexcept;
    [[nodiscard]] Outcome perform(const Snapshot& snapshot, const Source& source, const RouteDecision& decision,
                                  std::span<char> out) const noexcept;
    [[nodiscard]] Outcome answer(const Snapshot& snapshot, const Source& source, const Reply& reply, Outcome outcome,
                                 std::span<char> out) const noexcept;

    Tables& tables_;
    Counters& counters_;
    MessageView message_;
};

}  // namespace sipsteer
