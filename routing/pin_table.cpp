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
    record->until = std::max(record->until, now + kUnanswered);
    return {record->server, record->reason};
}

void PinTable::answered(std::uint64_t key, bool provisional, Seconds now) noexcept {
    Table::Locked shard{table_, key};
    Record* record = shard.find(now, any);
    if (record == nullptr) return;
    record->phase = provisional ? Phase::ringing : Phase::answered;
    record->until = now + (provisional ? kRinging : kAnswered);
}

}  // namespace sipsteer
