#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "routing/clock_shift.hpp"
#include "routing/dialog_key.hpp"
#include "routing/owner_counts.hpp"
#include "routing/sharded_table.hpp"

namespace sipsteer {

enum class DialogState : std::uint8_t { early = 1, confirmed = 2, grace = 3 };

/// Who owns a dialog, as far as the table knows.
struct Owner {
    ServerId server = kNoServer;
    DialogState state = DialogState::early;
    Seconds expires = 0;
    bool caller = false;  ///< that server made the call
};

/// The owners of calls: one record for each end of a dialog that is a media server. A dialog between
/// two servers has two. Bounded; safe for several threads; what one thread wrote the next one sees.
/// The owner of a live record never changes (requirement 85): operations that name another server are
/// without effect.
class CallTable {
  public:
    /// `memory`: as ShardedTable.
    explicit CallTable(std::size_t max_records, std::span<std::byte> memory = {})
        : table_(max_records, Forget{&counts_}, memory) {}

    [[nodiscard]] static std::size_t bytes_for(std::size_t max_records) noexcept {
        return Table::bytes_for(max_records);
    }
    /// Another number whenever Record has another form.
    static constexpr std::uint32_t kForm = 2;
    /// Takes over what another table left in its memory.
    void adopt(std::span<const std::byte> memory, const ClockShift& clock) noexcept;

    /// A look-up of this Call-ID comes soon.
    void prefetch(std::uint64_t call) const noexcept { table_.prefetch(call); }

    /// The dialog whose server end has `key.local`. Dialogs in grace are found too. More than one
    /// match is none (design: never a guess).
    [[nodiscard]] std::optional<Owner> find(const DialogKey& key, Seconds now) const noexcept;

    /// All records of a Call-ID hash, for operators.
    [[nodiscard]] std::vector<Owner> find_all(std::uint64_t call, Seconds now) const;

    /// The server of the only dialog of this Call-ID and peer tag, whatever the server's tag: for a
    /// CANCEL, which has no To tag.
    [[nodiscard]] std::optional<Owner> find_peer(std::uint64_t call, std::uint32_t remote,
                                                 Seconds now) const noexcept;

    /// How long a record lives; `timed`: a session timer says so (RFC 4028), and only the next
    /// negotiation changes it.
    struct Lifetime {
        Seconds seconds = 0;
        bool timed = false;
    };
    /// Who made the call: the server whose end the record is, or its peer.
    enum class Caller : std::uint8_t { peer, server };

    /// Learns or refreshes: early never replaces confirmed. From grace a 2xx, that is confirmed, brings a
    /// dialog back unless it was ended by BYE: a final answer may have been of another INVITE, or crossed the
    /// 2xx (RFC 3261 §16.7). At most kMaxForks records of one Call-ID.
    void learn(const DialogKey& key, ServerId server, DialogState state, Seconds now, Lifetime lifetime,
               Caller caller = Caller::peer) noexcept;

    /// Prolongs a confirmed dialog of that server, also one that fail() has taken for lost: a negotiated
    /// lifetime is set, any other sign of life prolongs a dialog that has no session timer.
    void refresh(const DialogKey& key, ServerId server, Seconds now, Lifetime lifetime) noexcept;

    /// The server itself has sent an in-dialog request: learned as confirmed when unknown, else a sign
    /// of life.
    void witness(const DialogKey& key, ServerId server, Seconds now, Seconds ttl) noexcept;

    /// The dialog has ended by BYE: kept for kGrace, since that and a transfer race each other.
    void end(const DialogKey& key, ServerId server, Seconds now) noexcept;

    /// The server does not know a confirmed dialog any more, or so it seems: a single request may also have
    /// failed. As end(), but the dialog's next sign of life brings it back.
    void fail(const DialogKey& key, ServerId server, Seconds now) noexcept;

    /// Ends all early dialogs of this Call-ID and tag of that server: the INVITE had a final non-2xx.
    /// `tag_is_local`: the tag is the server's own (it sent the INVITE), else its peer's.
    void end_early(std::uint64_t call, std::uint32_t tag, bool tag_is_local, ServerId server,
                   Seconds now) noexcept;

    /// The INVITE was cancelled: those early dialogs end after kGrace when no final answer does it before
    /// (RFC 3261 §9.1).
    void cancel_early(std::uint64_t call, std::uint32_t tag, bool tag_is_local, ServerId server,
                      Seconds now) noexcept;

    void sweep(Seconds now, std::size_t budget) noexcept { table_.sweep(now, budget); }

    [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }
    [[nodiscard]] std::size_t capacity() const noexcept { return table_.capacity(); }
    [[nodiscard]] std::uint64_t evictions() const noexcept { return table_.evictions(); }
    [[nodiscard]] std::size_t memory_bytes() const noexcept { return table_.memory_bytes(); }
    [[nodiscard]] std::size_t slots() const noexcept {
        return table_.shard_count() * table_.slots_per_shard();
    }
    [[nodiscard]] const OwnerCounts& counts() const noexcept { return counts_; }

    static constexpr Seconds kGrace = 32;   ///< 64*T1: retransmissions of the transfer end by then
    static constexpr Seconds kEarly = 300;  ///< longer than Timer C (RFC 3261 §16.6 step 11)
    static constexpr unsigned kMaxForks = 16;

  private:
    /// The first two as DialogState; behind them the ways into grace.
    enum class Phase : std::uint8_t { early = 1, confirmed, ended, failed, unanswered };
    struct Record {
        std::uint64_t hash = 0;
        std::uint32_t local = 0;
        std::uint32_t remote = 0;
        ServerId server = kNoServer;
        std::uint32_t life = 0;  ///< seconds << 5 | caller << 4 | timed << 3 | Phase; good for 4 years

        static constexpr std::uint32_t kCaller = 16;
        static constexpr std::uint32_t kTimed = 8;
        [[nodiscard]] Seconds expires() const noexcept { return life >> 5; }
        [[nodiscard]] bool caller() const noexcept { return (life & kCaller) != 0; }
        [[nodiscard]] bool timed() const noexcept { return (life & kTimed) != 0; }
        [[nodiscard]] Phase phase() const noexcept { return static_cast<Phase>(life & 7U); }
        [[nodiscard]] DialogState state() const noexcept {
            return phase() < Phase::ended ? static_cast<DialogState>(phase()) : DialogState::grace;
        }
        void set(Phase phase, Seconds expires, bool timed = false) noexcept {
            life =
                expires << 5 | (life & kCaller) | (timed ? kTimed : 0U) | static_cast<std::uint32_t>(phase);
        }
        [[nodiscard]] bool is(const DialogKey& key) const noexcept {
            return local == key.local && remote == key.remote;
        }
        /// Grace goes first, then early, then confirmed; within each what would expire first.
        [[nodiscard]] std::uint64_t eviction_rank() const noexcept {
            const std::uint64_t rank = state() == DialogState::grace   ? 0
                                       : state() == DialogState::early ? 1
                                                                       : 2;
            return rank << 32 | expires();
        }
    };
    static_assert(sizeof(Record) == 24);

    struct Forget {
        OwnerCounts* counts;
        void operator()(const Record& record) const noexcept {
            if (record.state() != DialogState::grace) counts->add(record.server, -1);
        }
    };
    using Table = ShardedTable<Record, Forget>;

    static Owner owner_of(const Record& record) noexcept {
        return {record.server, record.state(), record.expires(), record.caller()};
    }
    void to_grace(Record& record, Phase how, Seconds now) noexcept;
    void confirm(Record& record, Seconds until, bool timed) noexcept;
    template <class Change>
    void change_early(std::uint64_t call, std::uint32_t tag, bool tag_is_local, ServerId server, Seconds now,
                      Change change) noexcept;
    template <class Match>
    std::optional<Owner> find_one(std::uint64_t call, Seconds now, Match match) const noexcept;

    OwnerCounts counts_;
    mutable Table table_;
};

}  // namespace sipsteer
