#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <span>
#include <string_view>

#include "parser/message_view.hpp"
#include "proxy/counters.hpp"
#include "proxy/owner_questions.hpp"
#include "proxy/table_memory.hpp"
#include "routing/decision.hpp"
#include "routing/decision_steps.hpp"
#include "routing/large_requests.hpp"
#include "routing/message_hashes.hpp"
#include "routing/placement.hpp"
#include "routing/rate_limit.hpp"
#include "routing/router.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// The tables that all workers share.
struct Tables {
    explicit Tables(std::size_t max_calls, const TableMemory& memory = {})
        : pins(max_calls, memory.pins),
          calls(max_calls, memory.calls),
          bindings(max_calls, memory.bindings) {}

    PinTable pins;
    CallTable calls;
    BindingTable bindings;
    NextHops hops;
    LargeRequests large;
    PlacementTurn turn{0};
    ProbeUses probe_uses;
    RateLimit rate_limit;
    PerServer<std::uint32_t> round_trips;  ///< of health checks, microseconds; 0: unknown
};

/// A message as it came in. `bytes` must stay until the outcome has been used.
struct Incoming {
    std::string_view bytes;
    Endpoint from;
    ListenerIndex listener = 0;
    ConnectionId connection = kNoConnection;  ///< the stream it came by
    ServerId peer = kNoServer;  ///< the server that the connection was opened to or proved to be
};

/// What became of one message.
struct Outcome {
    enum class What : std::uint8_t {
        nothing,  ///< a keep-alive, no message
        forwarded,
        answered,
        absorbed,
        dropped,
        held,          ///< waits: `question` is to be asked, or (0) it waits behind another request
        probe_answer,  ///< the answer to one of our own probes: `ticket` and `status`
    };

    What what = What::nothing;
    RouteReason reason = RouteReason::rejected_not_sip;
    DropReason drop = DropReason::not_sip;    ///< when dropped
    Endpoint to{};                            ///< when forwarded or answered
    ListenerIndex listener = 0;               ///< to send from
    ConnectionId connection = kNoConnection;  ///< streams: by this one; none: one to `to`, made if need be
    std::size_t size = 0;                     ///< bytes written to `out`
    std::size_t pad_at = 0;                   ///< where blanks may be put into them; 0: nowhere
    std::optional<ServerIndex> server{};      ///< when it goes to a media server
    ServerId to_server = kNoServer;           ///< the same by id
    ServerId from_server = kNoServer;         ///< the media server that sent it
    std::uint8_t code_class = 0;              ///< 1 to 6: a response
    bool starts_call = false;                 ///< an INVITE outside of a dialog
    HeldRequests::Id question = 0;
    ProbeTicket ticket{};
    std::uint16_t status = 0;                     ///< of the answer to a probe
    std::optional<ListenerIndex> wants_stream{};  ///< too large for UDP: open a stream there, shown as that
    std::string_view host{};  ///< that `to` was found by: in the message that came in, and gone with it

    [[nodiscard]] bool sends() const noexcept { return what == What::forwarded || what == What::answered; }
};

/// Which stream connections there are at the moment, whoever holds them. Called from every worker.
class OpenConnections {
  public:
    virtual ~OpenConnections() = default;
    /// Whom it leads to; none: it is not open.
    [[nodiscard]] virtual std::optional<Endpoint> peer_of(ConnectionId id) const noexcept = 0;
    /// One that is open to exactly that address, port and transport; kNoConnection: none is.
    [[nodiscard]] virtual ConnectionId open_to(const Endpoint& peer) const noexcept = 0;
};

/// Off: the tables stay as they are, and decide all the same. For `explain` beside a running proxy.
enum class Learning : std::uint8_t { on, off };

/// One message from bytes to send: parse, decide, learn, write. No I/O and no clock of its own; one for
/// each worker. No allocation.
class Pipeline {
  public:
    /// `worker`: which of those that share the tables this is.
    Pipeline(Tables& tables, Counters& counters, std::uint8_t worker = 0,
             Learning learning = Learning::on) noexcept
        : tables_(tables), counters_(counters), learning_(learning), questions_(tables.probe_uses, worker) {}

    /// Without it every connection counts as open, and no request is too large for UDP.
    void watch(const OpenConnections& connections) noexcept { connections_ = &connections; }

    /// So many messages are read before the first of them is decided: the code of each half then stays in the
    /// processor's nearest memory (together it is 50 KB), and what tables hold comes meanwhile. In memory 8
    /// take 2 to 3 % less time than 1 (`micro --benchmark_filter=rounds`); between the kernel's receive and
    /// send 6 to 9 %, and 16 or 32 no less (bench/performance.md).
    static constexpr std::size_t kAhead = 8;

    /// Reads messages that are decided next, one after the other; at most kAhead.
    void read(const Snapshot& snapshot, std::span<const Incoming> next) noexcept;

    /// The message of that place in the last read(), with the same snapshot. Writes what is to be sent into
    /// `out`, whose size bounds it. The tables have learned before this returns, so whoever gets the message
    /// may be answered by any worker (requirement 84). Call settle() with the outcome once it is sent.
    [[nodiscard]] Outcome process(const Snapshot& snapshot, std::size_t place, const Incoming& incoming,
                                  Seconds now, std::span<char> out, DecisionSteps* steps = nullptr) noexcept;
    /// Both, for a message that comes alone.
    [[nodiscard]] Outcome process(const Snapshot& snapshot, const Incoming& incoming, Seconds now,
                                  std::span<char> out, DecisionSteps* steps = nullptr) noexcept {
        read(snapshot, {&incoming, 1});
        return process(snapshot, 0, incoming, now, out, steps);
    }

    /// A message that breaks its stream (StreamFramer): what can be read of it gets its answer.
    [[nodiscard]] Outcome refuse(const Snapshot& snapshot, const Incoming& incoming, ParseError error,
                                 std::span<char> out) noexcept;

    /// A request that was held, or waited behind one, now goes on; counted when it came.
    [[nodiscard]] Outcome release(const Snapshot& snapshot, const HeldMessage& held,
                                  const ProbeAnswer& answer, Seconds now, std::span<char> out,
                                  DecisionSteps* steps = nullptr) noexcept;

    /// A message that was to go by a stream is lost, `bytes` as they were written: a request but ACK gets
    /// 503.
    [[nodiscard]] Outcome lose(const Snapshot& snapshot, const Outcome& lost, DropReason why,
                               std::string_view bytes, Seconds now, std::span<char> out);

    /// Time for what waits, from any fixed start; set it before process().
    void set_time(Milliseconds now) noexcept { time_ = now; }
    [[nodiscard]] OwnerQuestions& questions() noexcept { return questions_; }

    /// Counts the message: every received one ends in exactly one counter. `sent`: the kernel took it.
    void settle(const Outcome& outcome, bool sent) noexcept;

    /// The message of the last process(), for logs.
    [[nodiscard]] const MessageView& message() const noexcept { return at_->message; }

  private:
    /// What is known of a message before it is decided.
    struct Arrival {
        MessageView message;
        Source source;
        Result<void> parsed;
        std::optional<MessageHashes> hashes;  ///< when it was parsed without an error

        /// Sets all but the source.
        const Result<void>& read(const Snapshot& snapshot, std::string_view bytes) noexcept;
    };

    void count(const Incoming& incoming, bool sip) noexcept;
    void count_servers(const Outcome& outcome) noexcept;
    [[nodiscard]] bool too_many(const Snapshot& snapshot) noexcept;
    [[nodiscard]] Outcome route(const Snapshot& snapshot, const ProbeAnswer& answer, Seconds now,
                                std::span<char> out, DecisionSteps* steps) noexcept;
    [[nodiscard]] RouteDecision decide(const Snapshot& snapshot, const ProbeAnswer& answer, Seconds now,
                                       DecisionSteps* steps) noexcept;
    [[nodiscard]] std::optional<Outcome> wait_behind(const Snapshot& snapshot) noexcept;
    [[nodiscard]] std::optional<Outcome> hold(const Snapshot& snapshot, const Ask& ask, Seconds now) noexcept;
    [[nodiscard]] Outcome perform(const Snapshot& snapshot, const RouteDecision& decision,
                                  std::span<char> out) const noexcept;
    [[nodiscard]] std::optional<Forward> by_stream(const Snapshot& snapshot, const Forward& forward,
                                                   std::size_t size, Outcome& outcome) const noexcept;
    /// Completes `outcome`: answered, or dropped where that cannot be.
    void answer(const Snapshot& snapshot, const Reply& reply, Outcome& outcome,
                std::span<char> out) const noexcept;
    [[nodiscard]] Router router(const Snapshot& snapshot, PlacementTurn& turn) const noexcept;

    Tables& tables_;
    Counters& counters_;
    Learning learning_;
    const OpenConnections* connections_ = nullptr;
    OwnerQuestions questions_;
    Milliseconds time_{0};
    std::array<Arrival, kAhead> ahead_;
    Arrival other_;          ///< one that did not come in just now
    Arrival* at_ = &other_;  ///< the one that is worked on
    Effects effects_;        ///< of the last decision
};

}  // namespace sipsteer
