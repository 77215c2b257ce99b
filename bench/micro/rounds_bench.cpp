#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <span>
#include <string>
#include <vector>

#include "bench/recording/recording.hpp"
#include "proxy/pipeline.hpp"
#include "proxy/table_memory.hpp"

namespace sipsteer::bench {
namespace {

constexpr unsigned kTransfers = 500;
constexpr std::size_t kMaxCalls = 100000;
constexpr std::size_t kRound = 64;
constexpr std::size_t kSlotBytes = 2048;
/// So many messages are read before the first of them is decided; each for a round, in turns, since what else
/// goes on in a machine moves all by more than they differ.
constexpr std::array<std::size_t, 4> kAheads{1, 2, 4, Pipeline::kAhead};

struct Spent {
    std::chrono::steady_clock::duration time{};
    std::size_t messages = 0;
};

/// The whole path in memory, as a worker's rounds take it.
void forward_rounds(benchmark::State& state) {
    const auto snapshot = recording_snapshot();
    const std::vector<Recorded> messages = record_transfers(*snapshot, kTransfers);
    std::vector<Incoming> incoming;
    for (const Recorded& message : messages) incoming.push_back({message.bytes, message.from, 0});
    std::vector<char> out(kRound * kSlotBytes);
    Counters counters;
    std::array<Spent, kAheads.size()> spent{};
    std::size_t turn = 0;
    for (auto _ : state) {
        state.PauseTiming();  // every pass in tables that know nothing
        const OwnTableMemory memory{kMaxCalls};
        Tables tables{kMaxCalls, memory.memory()};
        Pipeline pipeline{tables, counters};
        state.ResumeTiming();
        ++turn;  // what was one's round is another's in the next pass
        for (std::size_t begin = 0; begin < incoming.size(); begin += kRound, ++turn) {
            const auto round = std::span{incoming}.subspan(begin, std::min(kRound, incoming.size() - begin));
            const std::size_t ahead = kAheads[turn % kAheads.size()];
            const auto start = std::chrono::steady_clock::now();
            for (std::size_t at = 0; at < round.size(); at += ahead) {
                const auto next = round.subspan(at, std::min(ahead, round.size() - at));
                pipeline.read(*snapshot, next);
                for (std::size_t i = 0; i < next.size(); ++i) {
                    const std::span slot{out.data() + (at + i) * kSlotBytes, kSlotBytes};
                    const Outcome outcome = pipeline.process(*snapshot, i, next[i], 1000, slot);
                    pipeline.settle(outcome, true);
                    if (outcome.what != Outcome::What::forwarded) state.SkipWithError("not forwarded");
                }
            }
            Spent& own = spent[turn % kAheads.size()];
            own.time += std::chrono::steady_clock::now() - start;
            own.messages += round.size();
        }
    }
    for (std::size_t i = 0; i < kAheads.size(); ++i) {
        const std::chrono::duration<double, std::nano> time = spent[i].time;
        state.counters["ahead_" + std::to_string(kAheads[i]) + "_ns"] =
            time.count() / static_cast<double>(spent[i].messages);
    }
}

BENCHMARK(forward_rounds);

}  // namespace
}  // namespace sipsteer::bench
