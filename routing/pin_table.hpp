#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "routing/clock_shift.hpp"
#include "routing/media_server.hpp"
#include "routing/owner_counts.hpp"
#include "routing/route_reason.hpp"
#include "routing/sharded_table.hpp"

namespace sipsteer {

/// Where an out-of-dialog INVITE went, and why: its CANCEL, ACK, retransmissions and its repetition
/// with credentials go the same way, with the same changes.
struct Pin {
    ServerId server = kNoServer;
    RouteReason reason = RouteReason::new_call;
};

/// Keyed hash of (side, Call-ID, From tag) -> Pin. First writer wins. Bounded by its own budget: when
/// full, the oldest unanswered goes first, so that a flood of unanswered INVITEs costs other such
/// pins and never an owner in the CallTable. Safe for several threads.
class PinTable {
  public:
    /// `memory`: as ShardedTable.
    explicit PinTable(std::size_t max_records, std::span<std::byte> memory = {})
        : table_(max_records, Forget{&setups_}, memory) {}

    [[nodiscard]] static std::size_t bytes_for(std::size_t max_records) noexcept {
        return Table::bytes_for(max_records);
    }
    /// Another number whenever Record or RouteReason has another form.
    static constexpr std::uint32_t kForm = 0x200 + static_cast<std::uint32_t>(RouteReason::kCount);
    /// Takes over what another table left in its memory.
    void adopt(std::span<const std::byte> memory, const ClockShift& clock) noexcept;

    /// Has what a look-up of `key` will touch brought from memory meanwhile.
    void prefetch(std::uint64_t key) const noexcept { table_.prefetch(key); }

    [[nodiscard]] std::optional<Pin> find(std::uint64_t key, Seconds now) const noexcept;

    /// Writes the pin, or prolongs the one that stands there; one that answered() made is written over.
    /// `cseq`: of the INVITE. Returns the one that holds.
    Pin pin(std::uint64_t key, const Pin& pin, std::uint32_t cseq, Seconds now) noexcept;

    /// A response to the INVITE passed: 1xx keeps the pin for kRinging, a final one for kAnswered. Where
    /// the pin got lost (a restart), 1xx and non-2xx of `server` make one with reason `pinned`: the
    /// CANCEL or ACK that follows goes there.
    /// False, and nothing is changed: by its `cseq` it answers an earlier INVITE than the pin's (the
    /// repetition with credentials has followed, and the ACK was lost). `pause`: seconds of the Retry-After
    /// of a 503, else 0. A server that gives one before it rang wants no new calls for so long, kLongestPause
    /// at most. (Asterisk's 503 behind a 183 tells of its carrier.)
    bool answered(std::uint64_t key, ServerId server, std::uint16_t status, std::uint32_t cseq, Seconds now,
                  Seconds pause = 0) noexcept;

    /// INVITEs for each server that it has not yet answered by more than 100: calls to be. One that
    /// follows a final answer, with credentials or changed, counts again.
    [[nodiscard]] const OwnerCounts& setups() const noexcept { return setups_; }

    [[nodiscard]] bool pauses(ServerId server, Seconds now) const noexcept {
        return now < last_pause_.load(std::memory_order_relaxed) && now < pauses_.get(server);
    }

    void sweep(Seconds now, std::size_t budget) noexcept { table_.sweep(now, budget); }
    [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return table_.capacity(); }
    [[nodiscard]] std::uint64_t evictions() const noexcept { return table_.evictions(); }
    [[nodiscard]] std::size_t slots() const noexcept {
        return table_.shard_count() * table_.slots_per_shard();
    }

    static constexpr Seconds kUnanswered = 33;  ///< 64*T1, rounded up: expiry counts whole seconds
    static constexpr Seconds kRinging = 600;
    static constexpr Seconds kAnswered = 33;
    static constexpr Seconds kLongestPause = 60;

  private:
    enum class Phase : std::uint8_t { unanswered, trying, ringing, answered, challenged };
    struct Record {
        std::uint64_t hash = 0;
        ServerId server = kNoServer;
        Seconds until = 0;
        RouteReason reason = RouteReason::new_call;
        Phase phase = Phase::unanswered;
        std::uint16_t cseq = 0;  ///< the lower half of the last INVITE's

        /// That one comes before the last.
        [[nodiscard]] bool is_behind(std::uint32_t other) const noexcept {
            return static_cast<std::int16_t>(static_cast<std::uint16_t>(other) - cseq) < 0;
        }
        [[nodiscard]] bool sets_up() const noexcept {
            return phase == Phase::unanswered || phase == Phase::trying;
        }
        [[nodiscard]] Seconds expires() const noexcept { return until; }
        [[nodiscard]] std::uint64_t eviction_rank() const noexcept {
            return std::uint64_t{phase != Phase::unanswered} << 32 | until;
        }
    };
    static_assert(sizeof(Record) == 24);
    struct Forget {
        OwnerCounts* setups;
        void operator()(const Record& record) const noexcept {
            if (record.sets_up()) setups->add(record.server, -1);
        }
    };
    using Table = ShardedTable<Record, Forget>;
    static bool any(const Record&) noexcept { return true; }
    [[nodiscard]] static Phase phase_behind(Phase before, std::uint16_t status) noexcept;
    void pause(ServerId server, Seconds until) noexcept;

    OwnerCounts setups_;
    PerServer<Seconds> pauses_;  ///< until when
    std::atomic<Seconds> last_pause_{0};
    mutable Table table_;
};

}  // namespace sipsteer
