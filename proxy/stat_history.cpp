#include "proxy/stat_history.hpp"

#include <algorithm>
#include <limits>

namespace sipsteer {
namespace {

std::uint32_t added(std::uint64_t before, std::uint64_t now) {
    constexpr std::uint64_t kMost = std::numeric_limits<std::uint32_t>::max();
    return static_cast<std::uint32_t>(now > before ? std::min(now - before, kMost) : 0);
}

template <std::size_t N>
std::array<std::uint32_t, N> added(const std::array<std::uint64_t, N>& before,
                                   const std::array<std::uint64_t, N>& now) {
    std::array<std::uint32_t, N> result;
    for (std::size_t i = 0; i < N; ++i) result[i] = added(before[i], now[i]);
    return result;
}

StatFigures<std::uint32_t> added(const StatFigures<std::uint64_t>& before,
                                 const StatFigures<std::uint64_t>& now) {
    return {.received = added(before.received, now.received),
            .forwarded = added(before.forwarded, now.forwarded),
            .answered = added(before.answered, now.answered),
            .absorbed = added(before.absorbed, now.absorbed),
            .dropped = added(before.dropped, now.dropped),
            .decisions = added(before.decisions, now.decisions),
            .durations = added(before.durations, now.durations)};
}

ServerFigures<std::uint32_t> added(const ServerFigures<std::uint64_t>& before,
                                   const ServerFigures<std::uint64_t>& now) {
    return {.id = now.id,
            .received = added(before.received, now.received),
            .sent = added(before.sent, now.sent),
            .invites = added(before.invites, now.invites),
            .answers = added(before.answers, now.answers)};
}

}  // namespace

void StatHistory::add(StatTotals totals, std::span<const std::uint64_t> calls) {
    if (totals.servers.size() > kServers) totals.servers.resize(kServers);
    if (begun_) {
        StatSample sample;
        sample.sequence = ++sequence_;
        sample.added = added(last_.all, totals.all);
        for (std::size_t i = 0; i < totals.servers.size(); ++i) {
            const auto& now = totals.servers[i];
            const auto before = std::ranges::find(last_.servers, now.id, &ServerFigures<std::uint64_t>::id);
            // A server that has just come: what was counted about it before came and went within the second.
            const auto ground =
                before == last_.servers.end() ? ServerFigures<std::uint64_t>{.id = now.id} : *before;
            const std::uint64_t owned = i < calls.size() ? calls[i] : 0;
            sample.servers.push_back({added(ground, now), added(0, owned)});
        }
        if (samples_.size() == kSamples) samples_.pop_front();
        samples_.push_back(std::move(sample));
    }
    last_ = std::move(totals);
    begun_ = true;
}

}  // namespace sipsteer
