#include "proxy/stat_figures.hpp"

namespace sipsteer {
namespace {

template <std::size_t N>
void add(std::array<std::uint64_t, N>& sums, const std::array<Counter, N>& counters) {
    for (std::size_t i = 0; i < N; ++i) sums[i] += counters[i].value();
}

}  // namespace

StatTotals add_up(std::span<const Counters* const> workers, std::span<const ServerId> servers) {
    StatTotals totals;
    for (const Counters* worker : workers) {
        // What ends a message first: so a message that ends meanwhile is in hand, and never there twice.
        add(totals.all.dropped, worker->dropped);
        totals.all.forwarded += worker->forwarded.value();
        totals.all.answered += worker->answered.value();
        totals.all.absorbed += worker->absorbed.value();
        for (const auto& kinds : worker->received) add(totals.all.received, kinds);
        add(totals.all.decisions, worker->decisions);
        add(totals.all.durations, worker->duration_bucket);
    }
    for (const ServerId id : servers) {
        auto& sums = totals.servers.emplace_back();
        sums.id = id;
        for (const Counters* worker : workers) {
            const ServerCounters* counters = worker->servers.find(id);
            if (counters == nullptr) continue;
            sums.received += counters->received.value();
            sums.sent += counters->sent.value();
            sums.invites += counters->invites.value();
            add(sums.answers, counters->answers);
        }
    }
    return totals;
}

}  // namespace sipsteer
