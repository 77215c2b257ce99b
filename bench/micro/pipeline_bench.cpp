#include <benchmark/benchmark.h>

#include <string>

#include "bench/micro/allocations.hpp"
#include "bench/micro/messages.hpp"
#include "bench/recording/recording.hpp"
#include "proxy/pipeline.hpp"

namespace sipsteer::bench {
namespace {

const Endpoint kPhone{parse_ip("192.0.2.7").value(), 5060, Transport::udp};

/// A proxy without sockets in front of four servers.
struct Bench {
    std::shared_ptr<const Snapshot> snapshot = recording_snapshot();
    Tables tables{100000};
    Counters counters;
    Pipeline pipeline{tables, counters};
    std::string out = std::string(65536, '\0');

    Outcome process(std::string_view message, const Endpoint& from) {
        const Outcome outcome = pipeline.process(*snapshot, {message, from, 0}, 1000, out);
        pipeline.settle(outcome, true);
        return outcome;
    }
    std::string_view sent(const Outcome& outcome) const { return {out.data(), outcome.size}; }
};

void forward(benchmark::State& state, const std::string& message) {
    Bench bench;
    const std::uint64_t before = allocations();
    for (auto _ : state) {
        const Outcome outcome = bench.process(message, kPhone);
        if (!outcome.sends()) state.SkipWithError("not forwarded");
        benchmark::DoNotOptimize(outcome.size);
    }
    state.counters["allocations"] = static_cast<double>(allocations() - before);
}

void forward_response(benchmark::State& state) {
    Bench bench;
    const Outcome request = bench.process(invite(), kPhone);
    const std::string response = ok_to(bench.sent(request), "servertag1");
    const Endpoint server = request.to;
    const std::uint64_t before = allocations();
    for (auto _ : state) {
        const Outcome outcome = bench.process(response, server);
        if (!outcome.sends()) state.SkipWithError("not forwarded");
        benchmark::DoNotOptimize(outcome.size);
    }
    state.counters["allocations"] = static_cast<double>(allocations() - before);
}

BENCHMARK_CAPTURE(forward, invite, invite());
BENCHMARK_CAPTURE(forward, invite_replaces, invite_replaces());
BENCHMARK_CAPTURE(forward, ack, ack());
BENCHMARK_CAPTURE(forward, bye, bye());
BENCHMARK(forward_response);

}  // namespace
}  // namespace sipsteer::bench
