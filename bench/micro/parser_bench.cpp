#include <benchmark/benchmark.h>

#include "bench/micro/messages.hpp"
#include "parser/message_view.hpp"

namespace sipsteer::bench {
namespace {

void parse(benchmark::State& state, const std::string& message) {
    MessageView view;
    for (auto _ : state) {
        const auto result = view.parse(message);
        if (!result) state.SkipWithError("does not parse");
        benchmark::DoNotOptimize(view.call_id().data());
    }
    state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(message.size()));
    state.SetLabel(std::to_string(message.size()) + " bytes");
}

BENCHMARK_CAPTURE(parse, invite, invite());
BENCHMARK_CAPTURE(parse, invite_replaces, invite_replaces());
BENCHMARK_CAPTURE(parse, ack, ack());
BENCHMARK_CAPTURE(parse, bye, bye());

}  // namespace
}  // namespace sipsteer::bench
