#include "proxy/health_checks.hpp"

#include <algorithm>
#include <array>

#include "routing/hex.hpp"

namespace sipsteer {

void HealthChecks::follow(const Snapshot& snapshot, Microseconds now) {
    on_ = snapshot.health.on();
    std::vector<Entry> followed;
    for (const MediaServer& server : snapshot.servers.all()) {
        const Entry* const known = find(server.id);
        Entry entry = known != nullptr ? *known : Entry{server.id, ServerHealth{server.id, now}};
        const bool maintenance = server.state == ServerState::maint;
        if (maintenance != entry.in_maintenance) {
            entry = {
                .server = server.id, .health = ServerHealth{server.id, now}, .in_maintenance = maintenance};
            if (!maintenance) entry.back_since = now;
        }
        if (on_) followed.push_back(entry);
    }
    entries_ = std::move(followed);
}

std::vector<ProbeTicket> HealthChecks::due(const Snapshot& snapshot, Microseconds now, const Heard& heard) {
    std::vector<ProbeTicket> checks;
    for (Entry& entry : entries_) {
        if (entry.in_maintenance) continue;
        if (now >= entry.health.next()) {
            const std::uint64_t so_far = heard(entry.server);
            if (const auto number = entry.health.due(snapshot.health, now, so_far != entry.heard)) {
                if (*number != entry.number) entry.heard = so_far;
                entry.number = *number;
                checks.push_back({ProbeKind::health, 0, *number, entry.server});
            }
        }
        if (!entry.health.up() || (entry.back_since && now >= *entry.back_since + kSlowStart))
            entry.back_since.reset();
    }
    return checks;
}

void HealthChecks::answered(const Snapshot& snapshot, const ProbeTicket& ticket, std::uint16_t status,
                            Microseconds now) noexcept {
    const auto entry = std::ranges::find(entries_, ticket.server, &Entry::server);
    if (entry == entries_.end()) return;
    const bool was_up = entry->health.up();
    entry->health.answered(snapshot.health, ticket.question, status, now);
    if (!was_up && entry->health.up()) entry->back_since = now;
}

void HealthChecks::refused(ServerId server, Microseconds now) noexcept {
    const auto entry = std::ranges::find(entries_, server, &Entry::server);
    if (entry != entries_.end() && !entry->in_maintenance) entry->health.refused(now);
}

std::uint16_t HealthChecks::share(const Entry& entry, Microseconds now) noexcept {
    if (!entry.back_since || now >= *entry.back_since + kSlowStart) return kFullShare;
    const auto step = static_cast<unsigned>((now - *entry.back_since) / (kSlowStart / kSteps));
    return static_cast<std::uint16_t>(kFullShare * (step + 1) / kSteps);
}

std::vector<HealthReport> HealthChecks::changes(const Snapshot& snapshot, Microseconds now) const {
    std::vector<HealthReport> reports;
    for (const MediaServer& server : snapshot.servers.all()) {
        HealthReport report{.server = server.id};
        if (const Entry* const entry = find(server.id)) {
            report.up = entry->health.up();
            report.share = share(*entry, now);
            report.cause = entry->health.cause();
            report.status = entry->health.status();
        }
        if (report.up != server.up || report.share != server.share) reports.push_back(report);
    }
    return reports;
}

std::optional<Microseconds> HealthChecks::next(Microseconds now) const noexcept {
    std::optional<Microseconds> soonest;
    const auto consider = [&soonest](Microseconds time) {
        if (!soonest || time < *soonest) soonest = time;
    };
    for (const Entry& entry : entries_) {
        if (!entry.in_maintenance) consider(entry.health.next());
        if (!entry.back_since) continue;
        const Microseconds step = kSlowStart / kSteps;
        consider(*entry.back_since + ((now - *entry.back_since) / step + 1) * step);
    }
    return soonest;
}

Microseconds HealthChecks::round_trip(ServerId server) const noexcept {
    const Entry* const entry = find(server);
    return entry == nullptr ? Microseconds{0} : entry->health.round_trip();
}

const HealthChecks::Entry* HealthChecks::find(ServerId server) const noexcept {
    const auto entry = std::ranges::find(entries_, server, &Entry::server);
    return entry == entries_.end() ? nullptr : &*entry;
}

std::optional<WrittenProbe> write_health_check(const Snapshot& snapshot, const ProbeTicket& ticket,
                                               std::span<char> out) noexcept {
    std::array<char, 16> hex;
    const auto number = KeyedHash::Input{snapshot.key.sign}.add("health").add(ticket.server).finish();
    write_hex(hex.data(), number, 16);
    const std::string_view id{hex.data(), hex.size()};
    return write_probe(snapshot, ticket, {id, "0", id, false}, out);
}

}  // namespace sipsteer
