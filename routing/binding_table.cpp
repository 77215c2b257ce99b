#include "routing/binding_table.hpp"

namespace sipsteer {

std::optional<Binding> BindingTable::find(const AorKey& aor, Seconds now) const noexcept {
    std::optional<Binding> found;
    bool exact = false;
    bool ambiguous = false;
    Table::Locked shard{table_, aor.user};
    shard.find(now, [&](const Record& record) {
        exact = record.domain == aor.domain;
        if (!exact && record.domain != 0 && aor.domain != 0) return false;
        ambiguous = ambiguous || (found && found->server != record.server);
        found = Binding{record.server, record.until};
        return exact;
    });
    return exact || !ambiguous ? found : std::nullopt;
}

std::vector<Binding> BindingTable::find_all(std::uint64_t user, Seconds now) const {
    std::vector<Binding> bindings;
    bindings.reserve(kMaxDomains);
    Table::Locked shard{table_, user};
    shard.find(now, [&bindings](const Record& record) {
        bindings.push_back({record.server, record.until});
        return false;
    });
    return bindings;
}

void BindingTable::bind(const AorKey& aor, ServerId server, Seconds now, Seconds lifetime) noexcept {
    Table::Locked shard{table_, aor.user};
    unsigned domains = 0;
    Record* record = shard.find(now, [&](const Record& candidate) {
        ++domains;
        return candidate.domain == aor.domain;
    });
    if (record == nullptr) {
        if (domains >= kMaxDomains) return;
        Record fresh;
        fresh.domain = aor.domain;
        record = &shard.insert(fresh, now);
    }
    record->server = server;
    record->until = now + lifetime;
}

void BindingTable::unbind(const AorKey& aor, ServerId server, Seconds now) noexcept {
    Table::Locked shard{table_, aor.user};
    Record* const record =
        shard.find(now, [&aor](const Record& candidate) { return candidate.domain == aor.domain; });
    // Expired is gone: the next sweep takes it out.
    if (record != nullptr && record->server == server) record->until = now;
}

void BindingTable::adopt(std::span<const std::byte> memory, const ClockShift& clock) noexcept {
    const auto keep = [&clock](Record& record) {
        const auto until = clock.expiry(record.until);
        if (!until || record.server == kNoServer) return false;
        record.until = *until;
        return true;
    };
    const auto same = [](const Record& one, const Record& other) { return one.domain == other.domain; };
    table_.adopt(memory, clock.now, keep, same, [](const Record&) {});
}

}  // namespace sipsteer
