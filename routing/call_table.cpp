#include "routing/call_table.hpp"

namespace sipsteer {

template <class Match>
std::optional<Owner> CallTable::find_one(std::uint64_t call, Seconds now, Match match) const noexcept {
    std::optional<Owner> found;
    bool ambiguous = false;
    Table::Locked shard{table_, call};
    shard.find(now, [&](const Record& record) {
        if (!match(record)) return false;
        ambiguous = ambiguous || (found && found->server != record.server);
        found = owner_of(record);
        return ambiguous;
    });
    return ambiguous ? std::nullopt : found;
}

std::optional<Owner> CallTable::find(const DialogKey& key, Seconds now) const noexcept {
    return find_one(key.call, now, [&key](const Record& record) { return record.is(key); });
}

std::optional<Owner> CallTable::find_peer(std::uint64_t call, std::uint32_t remote,
                                          Seconds now) const noexcept {
    return find_one(call, now, [remote](const Record& record) { return record.remote == remote; });
}

std::vector<Owner> CallTable::find_all(std::uint64_t call, Seconds now) const {
    std::vector<Owner> owners;
    owners.reserve(kMaxForks);
    Table::Locked shard{table_, call};
    shard.find(now, [&owners](const Record& record) {
        owners.push_back(owner_of(record));
        return false;
    });
    return owners;
}

void CallTable::learn(const DialogKey& key, ServerId server, DialogState state, Seconds now,
                      Lifetime lifetime, Caller caller) noexcept {
    Table::Locked shard{table_, key.call};
    unsigned same_call = 0;
    Record* record = shard.find(now, [&](const Record& candidate) {
        ++same_call;
        return candidate.is(key);
    });
    if (record == nullptr) {
        if (same_call >= kMaxForks) return;
        Record fresh;
        fresh.local = key.local;
        fresh.remote = key.remote;
        fresh.server = server;
        fresh.life = caller == Caller::server ? Record::kCaller : 0;
        fresh.set(state, now + lifetime.seconds, lifetime.timed);
        shard.insert(fresh, now);
        counts_.add(server, 1);
        return;
    }
    // The first owner stays. In grace a late or repeated answer must not revive what has ended.
    if (record->server != server || record->state() == DialogState::grace) return;
    if (state == DialogState::early && record->state() == DialogState::confirmed) return;
    record->set(state, now + lifetime.seconds, lifetime.timed);
}

void CallTable::witness(const DialogKey& key, ServerId server, Seconds now, Seconds ttl) noexcept {
    if (find(key, now)) {
        refresh(key, server, now, {ttl, false});
    } else {
        learn(key, server, DialogState::confirmed, now, {ttl, false});
    }
}

void CallTable::refresh(const DialogKey& key, ServerId server, Seconds now, Lifetime lifetime) noexcept {
    Table::Locked shard{table_, key.call};
    Record* record = shard.find(now, [&](const Record& candidate) { return candidate.is(key); });
    if (record == nullptr || record->server != server || record->state() != DialogState::confirmed) return;
    const Seconds until = now + lifetime.seconds;
    if (lifetime.timed) {
        record->set(DialogState::confirmed, until, true);
    } else if (!record->timed()) {
        record->set(DialogState::confirmed, std::max(record->expires(), until));
    }
}

void CallTable::to_grace(Record& record, Seconds now) noexcept {
    record.set(DialogState::grace, now + kGrace);
    counts_.add(record.server, -1);
}

void CallTable::end(const DialogKey& key, ServerId server, Seconds now) noexcept {
    Table::Locked shard{table_, key.call};
    Record* record = shard.find(now, [&](const Record& candidate) { return candidate.is(key); });
    if (record == nullptr || record->server != server || record->state() == DialogState::grace) return;
    to_grace(*record, now);
}

void CallTable::end_early(std::uint64_t call, std::uint32_t tag, bool tag_is_local, ServerId server,
                          Seconds now) noexcept {
    Table::Locked shard{table_, call};
    shard.find(now, [&](Record& record) {
        const std::uint32_t held = tag_is_local ? record.local : record.remote;
        if (record.state() == DialogState::early && record.server == server && held == tag)
            to_grace(record, now);
        return false;
    });
}

void CallTable::adopt(std::span<const std::byte> memory, const ClockShift& clock) noexcept {
    const auto keep = [&clock](Record& record) {
        const auto until = clock.expiry(record.expires());
        if (!until || record.server == kNoServer || record.state() < DialogState::early) return false;
        record.set(record.state(), *until, record.timed());
        return true;
    };
    const auto same = [](const Record& one, const Record& other) {
        return one.local == other.local && one.remote == other.remote;
    };
    table_.adopt(memory, clock.now, keep, same, [this](const Record& record) {
        if (record.state() != DialogState::grace) counts_.add(record.server, 1);
    });
}

}  // namespace sipsteer
