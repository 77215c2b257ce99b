#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/pipeline.hpp"

namespace sipsteer {

/// Which messages one looks for.
struct TraceFilter {
    enum class What : std::uint8_t { all, call_id, transfers };
    What what = What::all;
    std::string call_id{};
};

/// A message and what was decided about it.
struct TracedMessage {
    std::uint64_t sequence = 0;
    std::int64_t at_ms = 0;  ///< since 1970
    Endpoint from;
    Endpoint to;  ///< when `outcome` sends
    Outcome::What what = Outcome::What::nothing;
    RouteReason reason = RouteReason::response;
    DropReason drop = DropReason::not_sip;
    std::uint32_t size = 0;   ///< of the whole message
    std::string from_server;  ///< empty: from outside
    std::string to_server;    ///< empty: it goes to none
    std::string bytes;        ///< as received, cut behind kMostBytes
};

/// Messages on their way, for those who trace: a lossy ring that workers fill while somebody looks, and one
/// relaxed load for each message while nobody does. Bounded in bytes, looked-for sets and messages a second;
/// what does not fit is counted as lost. A worker never waits here.
class MessageTrace {
  public:
    static constexpr std::size_t kSessions = 4;
    static constexpr std::size_t kSlots = 512;
    static constexpr std::size_t kMostBytes = 4096;
    static constexpr std::uint32_t kPerSecond = 1000;
    static constexpr std::int64_t kAwakeMs = 5000;  ///< a session that nobody polls ends after that

    using Session = std::uint32_t;

    /// None: kSessions are at it already. The first one allocates the ring.
    [[nodiscard]] std::optional<Session> open(const TraceFilter& filter, std::int64_t now_ms);

    struct Batch {
        std::vector<TracedMessage> messages;  ///< oldest first, at most `most`
        std::uint64_t next = 0;               ///< ask for what is behind this
        std::uint64_t lost = 0;               ///< of all sessions, since the first one
    };
    /// What the session looks for, behind `since`; keeps it open. None: it has ended.
    [[nodiscard]] std::optional<Batch> poll(Session session, std::uint64_t since, std::size_t most,
                                            std::int64_t now_ms);
    void close(Session session);
    /// Ends sessions that nobody has polled; call it once a second.
    void expire(std::int64_t now_ms);

    // ---- for workers

    [[nodiscard]] bool active() const noexcept { return active_.load(std::memory_order_relaxed) != 0; }
    /// The sessions that look for this message, as bits. `of_transfer`: it belongs to a transfer.
    [[nodiscard]] std::uint32_t wanted_by(std::string_view call_id, bool of_transfer) const noexcept;
    void add(std::uint32_t sessions, const Outcome& outcome, const Incoming& incoming,
             const Snapshot& snapshot, std::int64_t at_ms) noexcept;

  private:
    struct Slot {
        std::uint32_t sessions = 0;
        TracedMessage message;
    };
    struct Place {
        std::atomic<std::uint64_t> wanted{0};  ///< kAll, kTransfers or the hash of a Call-ID; 0: free
        std::int64_t polled_ms = 0;
        Session name = 0;
    };
    static constexpr std::uint64_t kAll = 1;
    static constexpr std::uint64_t kTransfers = 2;

    [[nodiscard]] std::optional<std::size_t> place_of(Session session) const noexcept;
    void end(std::size_t place) noexcept;
    void lock() noexcept;
    [[nodiscard]] bool try_lock() noexcept { return !busy_.test_and_set(std::memory_order_acquire); }
    void unlock() noexcept { busy_.clear(std::memory_order_release); }

    std::atomic<std::uint32_t> active_{0};  ///< bits of places
    std::array<Place, kSessions> places_;
    Session last_session_ = 0;

    std::atomic_flag busy_ = ATOMIC_FLAG_INIT;
    std::vector<Slot> slots_;
    std::uint64_t sequence_ = 0;
    std::int64_t second_ms_ = 0;
    std::uint32_t in_second_ = 0;
    std::atomic<std::uint64_t> lost_{0};
};

}  // namespace sipsteer
