#include "routing/call_table.hpp"

#include <algorithm>

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
        fresh.set(static_cast<Phase>(state), now + lifetime.seconds, lifetime.timed);
        shard.insert(fresh, now);
        counts_.add(server, 1);
        return;
    }
    // The first owner stays. A repeated answer must not revive what BYE has ended.
    if (record->server != server || record->phase() == Phase::ended) return;
    const Seconds until = now + lifetime.seconds;
    if (state == DialogState::confirmed) {
        confirm(*record, until, lifetime.timed);
    } else if (record->phase() == Phase::early) {
        record->set(Phase::early, until, lifetime.timed);
    }
}

void CallTable::witness(const DialogKey& key, ServerId server, Seconds now, Seconds ttl) noexcept {
    const auto owner = find(key, now);
    if (owner && owner->state != DialogState::grace) {
        refresh(key, server, now, {ttl, false});
    } else {
        learn(key, server, DialogState::confirmed, now, {ttl, false});
    }
}

void CallTable::refresh(const DialogKey& key, ServerId server, Seconds now, Lifetime lifetime) noexcept {
    Table::Locked shard{table_, key.call};
    Record* record = shard.find(now, [&](const Record& candidate) { return candidate.is(key); });
    if (record == nullptr || record->server != server) return;
    const Seconds until = now + lifetime.seconds;
    if (record->phase() == Phase::failed || (record->phase() == Phase::confirmed && lifetime.timed)) {
        confirm(*record, until, lifetime.timed);
    } else if (record->phase() == Phase::confirmed && !record->timed()) {
        confirm(*record, std::max(record->expires(), until), false);
    }
}

void CallTable::confirm(Record& record, Seconds until, bool timed) noexcept {
    if (record.state() == DialogState::grace) counts_.add(record.server, 1);
    record.set(Phase::confirmed, until, timed);
}

void CallTable::to_grace(Record& record, Phase how, Seconds now) noexcept {
    record.set(how, now + kGrace);
    counts_.add(record.server, -1);
}

void CallTable::end(const DialogKey& key, ServerId server, Seconds now) noexcept {
    Table::Locked shard{table_, key.call};
    Record* record = shard.find(now, [&](const Record& candidate) { return candidate.is(key); });
    if (record == nullptr || record->server != server) return;
    if (record->state() == DialogState::grace) {
        record->set(Phase::ended, record->expires());
    } else {
        to_grace(*record, Phase::ended, now);
    }
}

void CallTable::fail(const DialogKey& key, ServerId server, Seconds now) noexcept {
    Table::Locked shard{table_, key.call};
    Record* record = shard.find(now, [&](const Record& candidate) { return candidate.is(key); });
    if (record != nullptr && record->server == server && record->phase() == Phase::confirmed)
        to_grace(*record, Phase::failed, now);
}

template <class Change>
void CallTable::change_early(std::uint64_t call, std::uint32_t tag, bool tag_is_local, ServerId server,
                             Seconds now, Change change) noexcept {
    Table::Locked shard{table_, call};
    shard.find(now, [&](Record& record) {
        const std::uint32_t held = tag_is_local ? record.local : record.remote;
        if (record.phase() == Phase::early && record.server == server && held == tag) change(record);
        return false;
    });
}

void CallTable::end_early(std::uint64_t call, std::uint32_t tag, bool tag_is_local, ServerId server,
                          Seconds now) noexcept {
    change_early(call, tag, tag_is_local, server, now,
                 [&](Record& record) { to_grace(record, Phase::unanswered, now); });
}

void CallTable::cancel_early(std::uint64_t call, std::uint32_t tag, bool tag_is_local, ServerId server,
                             Seconds now) noexcept {
    change_early(call, tag, tag_is_local, server, now,
                 [&](Record& record) { record.set(Phase::early, std::min(record.expires(), now + kGrace)); });
}

void CallTable::adopt(std::span<const std::byte> memory, const ClockShift& clock) noexcept {
    const auto keep = [&clock](Record& record) {
        const auto until = clock.expiry(record.expires());
        if (!until || record.server == kNoServer || record.phase() < Phase::early ||
            record.phase() > Phase::unanswered) {
            return false;
        }
        record.set(record.phase(), *until, record.timed());
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
