#include <benchmark/benchmark.h>

#include "routing/call_table.hpp"

namespace sipsteer::bench {
namespace {

/// Spreads a counter over all bits, as a keyed hash of Call-IDs does.
std::uint64_t spread(std::uint64_t value) {
    value *= 0x9e3779b97f4a7c15ULL;
    return (value ^ (value >> 29)) * 0xbf58476d1ce4e5b9ULL | 1;
}

DialogKey key(std::uint64_t i) {
    return {spread(i), static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(~i)};
}

void look_up(benchmark::State& state) {
    const auto dialogs = static_cast<std::uint64_t>(state.range(0));
    CallTable table{dialogs};
    for (std::uint64_t i = 0; i < dialogs; ++i)
        table.learn(key(i), 7, DialogState::confirmed, 1, {10000, false});
    std::uint64_t i = 0;
    std::uint64_t found = 0;
    for (auto _ : state) {
        i = (i + 7919) % dialogs;
        found += table.find(key(i), 2) ? 1U : 0U;
    }
    benchmark::DoNotOptimize(found);
    state.counters["bytes/dialog"] = static_cast<double>(table.memory_bytes()) / static_cast<double>(dialogs);
    state.counters["held"] = static_cast<double>(table.size());
}

BENCHMARK(look_up)->Arg(100000)->Arg(1000000);

}  // namespace
}  // namespace sipsteer::bench
