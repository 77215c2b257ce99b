#pragma once

#include <cstdint>
#include <optional>

#include "routing/sharded_table.hpp"

namespace sipsteer {

/// Larger than this a request goes by a stream when the next hop has one: 200 below the path MTU, which is
/// not known and so 1500 (RFC 3261 §18.1.1).
inline constexpr std::size_t kLargestForUdp = 1300;

/// By which way a request that is too large for UDP went, so that its copies, CANCEL and ACK take the same
/// one (RFC 3261 §9.1, §17.1.1.2). Keyed by a hash of our branch; bounded; the first word holds. Safe for
/// several threads.
class LargeRequests {
  public:
    enum class Way : std::uint8_t { datagram, stream };

    LargeRequests() : table_(kMaxRecords, Ignore{}) {}

    [[nodiscard]] bool empty() const noexcept { return table_.size() == 0; }

    /// What went first. None: it was not large.
    [[nodiscard]] std::optional<Way> find(std::uint64_t branch, Seconds now) const noexcept {
        Table::Locked shard{table_, branch};
        const Record* const record = shard.find(now, any);
        return record == nullptr ? std::nullopt : std::optional{record->way};
    }

    /// Enters `way`, or gives the one that is there.
    Way enter(std::uint64_t branch, Way way, Seconds now) noexcept {
        Table::Locked shard{table_, branch};
        Record* record = shard.find(now, any);
        if (record == nullptr) record = &shard.insert(Record{.way = way}, now);
        record->until = now + kLife;
        return record->way;
    }

    static constexpr std::size_t kMaxRecords = 16384;
    static constexpr Seconds kLife = 600;  ///< an INVITE may ring that long before its CANCEL

  private:
    struct Record {
        std::uint64_t hash = 0;
        Seconds until = 0;
        Way way = Way::datagram;

        [[nodiscard]] Seconds expires() const noexcept { return until; }
        [[nodiscard]] std::uint64_t eviction_rank() const noexcept { return until; }
    };
    struct Ignore {
        void operator()(const Record&) const noexcept {}
    };
    using Table = ShardedTable<Record, Ignore>;
    static bool any(const Record&) noexcept { return true; }

    mutable Table table_;
};

}  // namespace sipsteer
