#include "routing/pin_table.hpp"

namespace sipsteer {

std::optional<Pin> PinTable::find(std::uint64_t key, Seconds now) const noexcept {
    Table::Locked shard{table_, key};
    const Record* record = shard.find(now, any);
    if (record == nullptr) return std::nullopt;
    return Pin{record->server, record->reason};
}

Pin PinTable::pin(std::uint64_t key, const Pin& pin, std::uint32_t cseq, Seconds now) noexcept {
    Table::Locked shard{table_, key};
    Record* record = shard.find(now, any);
    if (record == nullptr) {
        Record fresh;
        fresh.server = pin.server;
        fresh.reason = pin.reason;
        fresh.until = now + kUnanswered;
        fresh.cseq = static_cast<std::uint16_t>(cseq);
        shard.insert(fresh, now);
        setups_.add(pin.server, 1);
        return pin;
    }
    if (record->reason == RouteReason::pinned) {
        if (record->sets_up()) {
            setups_.add(record->server, -1);
            setups_.add(pin.server, 1);
        }
        record->server = pin.server;
        record->reason = pin.reason;
    }
    const bool follows = static_cast<std::uint16_t>(cseq) != record->cseq && !record->is_behind(cseq);
    if (record->phase == Phase::challenged || (follows && record->phase == Phase::answered)) {
        record->phase = Phase::unanswered;
        setups_.add(record->server, 1);
    }
    if (follows) record->cseq = static_cast<std::uint16_t>(cseq);
    record->until = std::max(record->until, now + kUnanswered);
    return {record->server, record->reason};
}

PinTable::Phase PinTable::phase_behind(Phase before, std::uint16_t status) noexcept {
    if (status == 100) return before == Phase::unanswered ? Phase::trying : before;
    if (status < 200) return Phase::ringing;
    return status == 401 || status == 407 ? Phase::challenged : Phase::answered;
}

void PinTable::pause(ServerId server, Seconds until) noexcept {
    auto* const held = pauses_.find_or_add(server);
    if (held == nullptr) return;
    held->store(until, std::memory_order_relaxed);
    last_pause_.store(std::max(last_pause_.load(std::memory_order_relaxed), until),
                      std::memory_order_relaxed);
}

bool PinTable::answered(std::uint64_t key, ServerId server, std::uint16_t status, std::uint32_t cseq,
                        Seconds now, Seconds pause_for) noexcept {
    const bool provisional = status < 200;
    Table::Locked shard{table_, key};
    Record* record = shard.find(now, any);
    if (record == nullptr && (server == kNoServer || (status >= 200 && status < 300))) return true;
    if (record != nullptr && record->is_behind(cseq)) return false;
    Record fresh;
    if (record == nullptr) {
        fresh.server = server;
        fresh.reason = RouteReason::pinned;
        fresh.cseq = static_cast<std::uint16_t>(cseq);
    }
    Record& changed = record == nullptr ? fresh : *record;
    const int before = record != nullptr && changed.sets_up() ? 1 : 0;
    if (before != 0 && pause_for != 0 && changed.server == server)
        pause(server, now + std::min(pause_for, kLongestPause));
    changed.phase = phase_behind(changed.phase, status);
    changed.until = now + (provisional ? kRinging : kAnswered);
    const int behind = changed.sets_up() ? 1 : 0;
    if (record == nullptr) shard.insert(fresh, now);
    if (before != behind) setups_.add(changed.server, behind - before);
    return true;
}

void PinTable::adopt(std::span<const std::byte> memory, const ClockShift& clock) noexcept {
    const auto keep = [&clock](Record& record) {
        const auto until = clock.expiry(record.until);
        if (!until || record.server == kNoServer || record.phase > Phase::challenged ||
            static_cast<std::size_t>(record.reason) >= kRouteReasonWords.size()) {
            return false;
        }
        record.until = *until;
        return true;
    };
    table_.adopt(
        memory, clock.now, keep, [](const Record&, const Record&) { return true; },
        [this](const Record& record) {
            if (record.sets_up()) setups_.add(record.server, 1);
        });
}

}  // namespace sipsteer
