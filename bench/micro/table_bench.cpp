#include <benchmark/benchmark.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <memory>
#include <mutex>
#include <random>

#include "proxy/table_memory.hpp"
#include "routing/call_table.hpp"

namespace sipsteer::bench {
namespace {

constexpr Seconds kNow = 1000;

/// Spreads a counter over all bits, as a keyed hash of Call-IDs does.
std::uint64_t spread(std::uint64_t value) {
    value *= 0x9e3779b97f4a7c15ULL;
    value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
    return (value ^ (value >> 27)) * 0x94d049bb133111ebULL | 1;
}

DialogKey key(std::uint64_t i) {
    return {spread(i), static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(~i)};
}

void learn(CallTable& table, std::uint64_t i, Seconds lifetime = 10000) {
    table.learn(key(i), 7, DialogState::confirmed, kNow, {lifetime, false});
}

double resident_bytes() {
    long pages = 0;
    long resident = 0;
    if (std::FILE* file = std::fopen("/proc/self/statm", "r")) {
        if (std::fscanf(file, "%ld %ld", &pages, &resident) != 2) resident = 0;
        std::fclose(file);
    }
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

/// A full table: made once for each size, since the large ones take a while.
struct Full {
    explicit Full(std::uint64_t dialogs) : size(dialogs), memory(CallTable::bytes_for(dialogs)) {
        table = std::make_unique<CallTable>(dialogs, memory.bytes());
        for (std::uint64_t i = 0; i < dialogs; ++i) learn(*table, i);
        bytes_each = (resident_bytes() - before) / static_cast<double>(dialogs);
    }
    std::uint64_t size;
    double before = resident_bytes();
    HugePages memory;  ///< as the proxy's own
    std::unique_ptr<CallTable> table;
    double bytes_each = 0;
};

Full& full(std::uint64_t dialogs) {
    static std::unique_ptr<Full> held;
    if (held == nullptr || held->size != dialogs) {
        held.reset();
        held = std::make_unique<Full>(dialogs);
    }
    return *held;
}

/// Random dialogs, each of which the table holds.
void look_up(benchmark::State& state) {
    static std::mutex making;
    const Full* const held = [&state] {
        const std::lock_guard lock{making};
        return &full(static_cast<std::uint64_t>(state.range(0)));
    }();
    std::mt19937_64 random(static_cast<std::uint64_t>(state.thread_index()) + 1);
    std::uint64_t found = 0;
    for (auto _ : state) found += held->table->find(key(random() % held->size), kNow + 1) ? 1U : 0U;
    if (found != static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("not found");
    if (state.thread_index() != 0) return;
    state.counters["rss/dialog"] = held->bytes_each;
    state.counters["held"] = static_cast<double>(held->table->size());
}

/// As many as a round has messages, each told beforehand: the memory is waited for once.
void look_up_in_batches(benchmark::State& state) {
    const Full& held = full(static_cast<std::uint64_t>(state.range(0)));
    std::mt19937_64 random(1);
    std::array<DialogKey, 64> keys;
    std::uint64_t found = 0;
    while (state.KeepRunningBatch(static_cast<benchmark::IterationCount>(keys.size()))) {
        for (DialogKey& one : keys) {
            one = key(random() % held.size);
            held.table->prefetch(one.call);
        }
        for (const DialogKey& one : keys) found += held.table->find(one, kNow + 1) ? 1U : 0U;
    }
    if (found != static_cast<std::uint64_t>(state.iterations())) state.SkipWithError("not found");
}

/// A new dialog in a table that is full: one must go for it.
void insert_into_full(benchmark::State& state) {
    Full& held = full(static_cast<std::uint64_t>(state.range(0)));
    std::uint64_t next = held.size;
    for (auto _ : state) learn(*held.table, next++);
    state.counters["evictions"] = static_cast<double>(held.table->evictions());
    held.size = 0;  // it holds others now: not for the next benchmark
}

/// A new dialog in a table that has room: dialogs / 2 to begin with.
void insert(benchmark::State& state) {
    const auto dialogs = static_cast<std::uint64_t>(state.range(0));
    CallTable table{dialogs};
    std::uint64_t next = 0;
    while (next < dialogs / 2) learn(table, next++);
    for (auto _ : state) learn(table, next++);
}

/// One step of the sweep that takes expired dialogs out: 4096 slots under one lock, all of them expired.
void sweep_expired(benchmark::State& state) {
    const auto dialogs = static_cast<std::uint64_t>(state.range(0));
    CallTable table{dialogs};
    std::uint64_t next = 0;
    const std::size_t steps = table.slots() / 4096;
    std::size_t step = steps;
    for (auto _ : state) {
        if (step++ >= steps) {
            state.PauseTiming();
            for (std::uint64_t i = 0; i < dialogs; ++i) learn(table, next++, 1);
            step = 0;
            state.ResumeTiming();
        }
        table.sweep(kNow + 2, 4096);
    }
}

BENCHMARK(look_up)->Arg(100000)->Arg(1000000)->Arg(10000000);
BENCHMARK(look_up_in_batches)->Arg(1000000)->Arg(10000000);
BENCHMARK(look_up)->Arg(1000000)->Threads(2)->UseRealTime();
BENCHMARK(insert_into_full)->Arg(1000000);
BENCHMARK(insert)->Arg(1000000)->Arg(10000000)->Iterations(400000);
BENCHMARK(sweep_expired)->Arg(1000000)->Iterations(1000);
// 3.6 GB: --benchmark_filter=hundred_million
void look_up_hundred_million(benchmark::State& state) { look_up(state); }
BENCHMARK(look_up_hundred_million)->Arg(100000000);

}  // namespace
}  // namespace sipsteer::bench
