#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "routing/address_of_record.hpp"
#include "routing/clock_shift.hpp"
#include "routing/media_server.hpp"
#include "routing/sharded_table.hpp"

namespace sipsteer {

/// A user's registrar.
struct Binding {
    ServerId server = kNoServer;
    Seconds expires = 0;
};

/// Which server answered 2xx to a user's REGISTER, so that a call from another server finds him there.
/// Keyed hashes in place of names; bounded, what would expire first goes first; safe for several threads.
class BindingTable {
  public:
    /// `memory`: as ShardedTable.
    explicit BindingTable(std::size_t max_records, std::span<std::byte> memory = {})
        : table_(max_records, Ignore{}, memory) {}

    [[nodiscard]] static std::size_t bytes_for(std::size_t max_records) noexcept {
        return Table::bytes_for(max_records);
    }
    /// Another number whenever Record has another form.
    static constexpr std::uint32_t kForm = 1;
    /// Takes over what another table left in its memory.
    void adopt(std::span<const std::byte> memory, const ClockShift& clock) noexcept;

    /// The binding of exactly that domain, else what those of matching domains agree on: our bare address
    /// (domain 0) matches any. Two servers are none.
    [[nodiscard]] std::optional<Binding> find(const AorKey& aor, Seconds now) const noexcept;

    /// All bindings of that user, in whatever domain: for operators.
    [[nodiscard]] std::vector<Binding> find_all(std::uint64_t user, Seconds now) const;

    /// The last 2xx counts: it moves the user to `server`. At most kMaxDomains records of one user.
    void bind(const AorKey& aor, ServerId server, Seconds now, Seconds lifetime) noexcept;

    /// Nothing is bound there any more. Without effect when another server holds the user.
    void unbind(const AorKey& aor, ServerId server, Seconds now) noexcept;

    void sweep(Seconds now, std::size_t budget) noexcept { table_.sweep(now, budget); }
    [[nodiscard]] std::size_t size() const noexcept { return table_.size(); }
    [[nodiscard]] std::size_t slots() const noexcept {
        return table_.shard_count() * table_.slots_per_shard();
    }

    static constexpr unsigned kMaxDomains = 16;

  private:
    struct Record {
        std::uint64_t hash = 0;
        std::uint32_t domain = 0;
        ServerId server = kNoServer;
        Seconds until = 0;

        [[nodiscard]] Seconds expires() const noexcept { return until; }
        [[nodiscard]] std::uint64_t eviction_rank() const noexcept { return until; }
    };
    static_assert(sizeof(Record) == 24);
    struct Ignore {
        void operator()(const Record&) const noexcept {}
    };
    using Table = ShardedTable<Record, Ignore>;

    mutable Table table_;
};

}  // namespace sipsteer
