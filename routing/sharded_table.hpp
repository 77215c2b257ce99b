#pragma once

#include <algorithm>
#include <atomic>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <thread>
#include <vector>

namespace sipsteer {

/// Seconds of a clock that never jumps and goes on over restarts of the process (time since boot).
using Seconds = std::uint32_t;

/// A fixed number of small records, spread over shards by a keyed hash; safe for several threads.
///
/// Record: trivially copyable, zero bytes = free, with `std::uint64_t hash` (not 0), `Seconds
/// expires()`, and `std::uint64_t eviction_rank()`, the lowest of which goes first when the table is
/// full. Several records may share a hash. All memory is reserved at construction and written only
/// when used, so the table never grows, never rehashes, and never exceeds its bound.
/// One shard lock is held at a time, for one short walk. `OnRemove` is called with every record that
/// leaves by expiry or eviction, under the shard's lock.
///
/// The memory may be given, and outlive the process (a mapped file). So a record is whole or free after
/// each single store: a slot is free while it is written. adopt() takes over what a dead process left.
template <class Record, class OnRemove>
class ShardedTable {
  public:
    /// `max_records` is a hard bound on the records held; at least 1. `memory`: bytes_for(max_records) bytes,
    /// all 0, aligned as a Record, that outlive the table; empty: memory of its own.
    ShardedTable(std::size_t max_records, OnRemove on_remove, std::span<std::byte> memory = {})
        : on_remove_(std::move(on_remove)), max_(max_records) {
        const Shape shape{max_records};
        slots_ = shape.slots;
        records_ = reinterpret_cast<Record*>(memory.data());
        if (memory.empty()) {
            own_.reset(static_cast<Record*>(std::calloc(shape.shards * slots_, sizeof(Record))));
            if (own_ == nullptr) throw std::bad_alloc{};
            records_ = own_.get();
        }
        shards_ = std::vector<Shard>(shape.shards);
        shard_shift_ = static_cast<unsigned>(64 - std::countr_zero(shape.shards));
        fill_limit_ = slots_ - slots_ / 8;
    }

    [[nodiscard]] static std::size_t bytes_for(std::size_t max_records) noexcept {
        const Shape shape{max_records};
        return shape.shards * shape.slots * sizeof(Record);
    }

    /// Inserts the records that another table of any size left in `memory`. Nothing there is believed but
    /// what `keep(Record&)` lets in; of those that are `same` for each other one is taken. `taken` is told of
    /// each. Before other threads know this table.
    template <class Keep, class Same, class Taken>
    void adopt(std::span<const std::byte> memory, Seconds now, Keep keep, Same same, Taken taken) noexcept {
        for (; memory.size() >= sizeof(Record); memory = memory.subspan(sizeof(Record))) {
            Record record;
            std::memcpy(&record, memory.data(), sizeof(Record));
            if (record.hash == 0 || !keep(record)) continue;
            Locked shard{*this, record.hash};
            if (shard.find(now, [&](const Record& other) { return same(record, other); })) continue;
            shard.insert(record, now);
            taken(record);
        }
    }

    [[nodiscard]] std::size_t size() const noexcept { return count_.load(std::memory_order_relaxed); }
    [[nodiscard]] std::size_t capacity() const noexcept { return max_; }
    [[nodiscard]] std::uint64_t evictions() const noexcept {
        return evictions_.load(std::memory_order_relaxed);
    }
    [[nodiscard]] std::size_t memory_bytes() const noexcept {
        return shards_.size() * slots_ * sizeof(Record);
    }

    /// Has what a look-up of `hash` will touch brought from memory meanwhile.
    void prefetch(std::uint64_t hash) const noexcept {
        const std::size_t shard = shard_index(hash);
        __builtin_prefetch(&shards_[shard], 1);
        __builtin_prefetch(shard_memory(shard) + home_slot(hash), 1);
    }

    /// A shard, locked as long as this lives.
    class Locked {
      public:
        Locked(ShardedTable& table, std::uint64_t hash) noexcept
            : table_(table), index_(table.shard_index(hash)), hash_(hash) {
            table_.shards_[index_].lock();
        }
        ~Locked() { table_.shards_[index_].unlock(); }
        Locked(const Locked&) = delete;
        Locked& operator=(const Locked&) = delete;

        /// Calls `visit(Record&)` for each live record of the hash until it returns true. Returns
        /// the record it stopped at, or nullptr. Expired records met on the way are left out.
        template <class Visit>
        Record* find(Seconds now, Visit visit) noexcept {
            Record* const base = table_.shard_memory(index_);
            for (std::size_t at = table_.home_slot(hash_); base[at].hash != 0; at = table_.next_slot(at)) {
                if (base[at].hash == hash_ && base[at].expires() > now && visit(base[at])) return &base[at];
            }
            return nullptr;
        }

        /// Adds a record of this hash; makes room first when the table is full.
        Record& insert(const Record& record, Seconds now) noexcept {
            Shard& shard = table_.shards_[index_];
            while (shard.used >= table_.fill_limit_ || (table_.size() >= table_.max_ && shard.used > 0)) {
                table_.evict_one(index_, table_.home_slot(hash_), now);
            }
            Record* const base = table_.shard_memory(index_);
            std::size_t at = table_.home_slot(hash_);
            while (base[at].hash != 0) at = table_.next_slot(at);
            write(base[at], record, hash_);
            ++shard.used;
            table_.count_.fetch_add(1, std::memory_order_relaxed);
            return base[at];
        }

      private:
        ShardedTable& table_;
        std::size_t index_;
        std::uint64_t hash_;
    };

    /// Removes expired records, looking at about `budget` slots from where the last sweep stopped.
    /// Called from time to time by any thread, so that memory and counts follow the clock.
    void sweep(Seconds now, std::size_t budget) noexcept {
        const std::size_t index = sweep_shard_.fetch_add(1, std::memory_order_relaxed) % shards_.size();
        for (std::size_t done = 0; done < std::min(budget, slots_); done += kSweepStep)
            sweep_step(index, now);
    }
    [[nodiscard]] std::size_t shard_count() const noexcept { return shards_.size(); }
    [[nodiscard]] std::size_t slots_per_shard() const noexcept { return slots_; }

  private:
    struct alignas(64) Shard {
        std::atomic_flag locked;
        std::size_t used = 0;
        std::size_t sweep_at = 0;

        void lock() noexcept {
            // Held for nanoseconds; a holder that was preempted gets its core back by the yield.
            for (unsigned spins = 0; locked.test_and_set(std::memory_order_acquire); ++spins) {
                if (spins % 64 == 63) std::this_thread::yield();
            }
        }
        void unlock() noexcept { locked.clear(std::memory_order_release); }
    };
    struct Shape {
        explicit Shape(std::size_t max_records) noexcept
            : shards(std::bit_floor(std::clamp<std::size_t>(max_records / 4096, 1, 256))) {
            // A shard may hold a little more than its even share, and probing wants a quarter of it free.
            const std::size_t share = max_records / shards + (shards > 1 ? max_records / shards / 8 : 0);
            slots = share + share / 3 + 8;
        }
        std::size_t shards;
        std::size_t slots;
    };
    struct Free {
        void operator()(Record* memory) const noexcept { std::free(memory); }
    };

    [[nodiscard]] std::size_t shard_index(std::uint64_t hash) const noexcept {
        return shards_.size() == 1 ? 0 : static_cast<std::size_t>(hash >> shard_shift_);
    }
    [[nodiscard]] Record* shard_memory(std::size_t index) const noexcept { return records_ + index * slots_; }
    /// The fences keep the compiler's order; a process dies between two instructions, and a CPU shows their
    /// stores in order to whoever comes after.
    static void write(Record& slot, const Record& record, std::uint64_t hash) noexcept {
        Record unmarked = record;
        unmarked.hash = 0;
        slot.hash = 0;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        slot = unmarked;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        slot.hash = hash;
    }
    [[nodiscard]] std::size_t home_slot(std::uint64_t hash) const noexcept {
        // The lower half of the hash scaled to the slots; the upper bits have picked the shard.
        return static_cast<std::size_t>((hash & 0xffffffffU) * slots_ >> 32);
    }
    [[nodiscard]] std::size_t next_slot(std::size_t slot) const noexcept {
        return slot + 1 == slots_ ? 0 : slot + 1;
    }
    /// Steps from one slot to another.
    [[nodiscard]] std::size_t distance(std::size_t from, std::size_t to) const noexcept {
        return to >= from ? to - from : to + slots_ - from;
    }

    /// A short part of a sweep under one lock: where all are expired, that is some microseconds.
    static constexpr std::size_t kSweepStep = 64;
    void sweep_step(std::size_t index, Seconds now) noexcept {
        Shard& shard = shards_[index];
        shard.lock();
        Record* const base = shard_memory(index);
        for (std::size_t i = 0; i < kSweepStep && shard.used > 0; ++i) {
            // After an erase another record may stand here: look again before going on.
            while (base[shard.sweep_at].hash != 0 && base[shard.sweep_at].expires() <= now)
                erase(index, shard.sweep_at);
            shard.sweep_at = next_slot(shard.sweep_at);
        }
        shard.unlock();
    }

    /// Frees a slot of a locked shard; later records of its chain move up, so that no chain breaks.
    void erase(std::size_t index, std::size_t at) noexcept {
        Record* const base = shard_memory(index);
        on_remove_(static_cast<const Record&>(base[at]));
        std::size_t hole = at;
        for (std::size_t i = next_slot(at); base[i].hash != 0; i = next_slot(i)) {
            const std::size_t home = home_slot(base[i].hash);
            // The record may fill the hole unless its home lies between the hole and itself.
            if (distance(home, i) >= distance(hole, i)) {
                write(base[hole], base[i], base[i].hash);
                hole = i;
            }
        }
        base[hole].hash = 0;
        std::atomic_signal_fence(std::memory_order_seq_cst);
        base[hole] = Record{};
        --shards_[index].used;
        count_.fetch_sub(1, std::memory_order_relaxed);
    }

    /// Makes room in a locked, non-empty shard: an expired record if one is near, else the one with
    /// the lowest rank among the nearest kEvictionWindow (all of them in a small table).
    void evict_one(std::size_t index, std::size_t from, Seconds now) noexcept {
        constexpr std::size_t kEvictionWindow = 64;
        Record* const base = shard_memory(index);
        std::size_t victim = from;
        std::uint64_t lowest = ~std::uint64_t{0};
        std::size_t seen = 0;
        for (std::size_t i = 0; i < slots_ && seen < kEvictionWindow; ++i) {
            const std::size_t at = from + i < slots_ ? from + i : from + i - slots_;
            if (base[at].hash == 0) continue;
            ++seen;
            if (base[at].expires() <= now) {
                erase(index, at);
                return;
            }
            if (base[at].eviction_rank() <= lowest) {
                lowest = base[at].eviction_rank();
                victim = at;
            }
        }
        evictions_.fetch_add(1, std::memory_order_relaxed);
        erase(index, victim);
    }

    OnRemove on_remove_;
    std::size_t max_;
    std::size_t slots_ = 0;
    std::size_t fill_limit_ = 0;
    unsigned shard_shift_ = 0;
    std::unique_ptr<Record, Free> own_;
    Record* records_ = nullptr;
    std::vector<Shard> shards_;
    std::atomic<std::size_t> count_{0};
    std::atomic<std::uint64_t> evictions_{0};
    std::atomic<std::size_t> sweep_shard_{0};
};

}  // namespace sipsteer
