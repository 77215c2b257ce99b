#include "routing/pin_table.hpp"

namespace sipsteer {

std::optional<Pin> PinTable::find(std::uint64_t key, Seconds now) const noexcept {
    Table::Locked shard{table_, key};
    const Record* record = shard.find(now, any);
    if (record == nullptr) return std::nullopt;
    return Pin{record->server, record->reason};
}

Pin PinTable::pin(std::uint64_t key, const Pin& pin, Seconds now) noexcept {
    Table::Locked shard{table_, key};
    Record* record = shard.find(now, any);
    if (record == nullptr) {
        Record fresh;
        fresh.server = pin.server;
        fresh.reason = pin.reason;
        fresh.until = now + kUnanswered;
        shard.insert(fresh, now);
        return pin;
    }
    if (record->reason == RouteReason::pinned) {
        record->server = pin.server;
        record->reason = pin.reason;
    }
    record->until = std::max(record->until, now + kUnanswered);
    return {record->server, record->reason};
}

void PinTable::answered(std::uint64_t key, ServerId server, std::uint16_t status, Seconds now) noexcept {
    const bool provisional = status < 200;
    Table::Locked shard{table_, key};
    Record* record = shard.find(now, any);
    if (record == nullptr && (server == kNoServer || (status >= 200 && status < 300))) return;
    Record fresh;
    if (record == nullptr) {
        fresh.server = server;
        fresh.reason = RouteReason::pinned;
    }
    Record& changed = record == nullptr ? fresh : *record;
    changed.phase = provisional ? Phase::ringing : Phase::answered;
    changed.until = now + (provisional ? kRinging : kAnswered);
    if (record == nullptr) shard.insert(fresh, now);
}

}  // namespace sipsteer
