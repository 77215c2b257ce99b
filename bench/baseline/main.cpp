// Noise-free counters of the packet path. Plays the same messages each time; under callgrind each kind of
// message becomes one dump, whose instructions bench/baseline/check compares with
// bench/baseline/baseline.json. Prints a JSON object for each kind: messages, and allocations in all of them.

#include <fmt/format.h>
#include <valgrind/callgrind.h>

#include <algorithm>
#include <exception>

#include "bench/micro/allocations.hpp"
#include "bench/micro/messages.hpp"
#include "bench/recording/recording.hpp"

namespace {

using namespace sipsteer;
using namespace sipsteer::bench;

constexpr unsigned kTransfers = 200;

/// Runs `work` for each message; only that is counted.
template <class Messages, class Work>
void measure(const std::string& name, const Messages& messages, Work work) {
    const std::uint64_t before = allocations();
    CALLGRIND_ZERO_STATS;
    CALLGRIND_TOGGLE_COLLECT;
    for (const auto& message : messages) work(message);
    CALLGRIND_TOGGLE_COLLECT;
    CALLGRIND_DUMP_STATS_AT(name.c_str());
    fmt::print("{{\"name\": \"{}\", \"messages\": {}, \"allocations\": {}}}\n", name, messages.size(),
               allocations() - before);
}

void parse(const std::string& name, const std::string& message) {
    const std::vector<std::string> messages(kTransfers, message);
    MessageView view;
    measure("parse " + name, messages, [&](const std::string& bytes) {
        if (!view.parse(bytes)) throw std::runtime_error(name + " does not parse");
    });
}

/// All messages of one kind, one for each call, in the order of the calls.
struct Kind {
    std::string name;
    std::vector<Recorded> messages;
};

/// In the order of their first messages.
std::vector<Kind> by_kind(std::vector<Recorded> messages) {
    std::vector<Kind> kinds;
    for (Recorded& message : messages) {
        auto known = std::ranges::find(kinds, message.kind, &Kind::name);
        if (known == kinds.end()) known = kinds.insert(known, {message.kind, {}});
        known->messages.push_back(std::move(message));
    }
    return kinds;
}

void run() {
    parse("INVITE", invite());
    parse("INVITE with Replaces, 4 Vias", invite_replaces());
    parse("ACK", ack());
    parse("BYE", bye());

    const auto snapshot = recording_snapshot();
    const std::vector<Kind> kinds = by_kind(record_transfers(*snapshot, kTransfers));
    // The whole path, in fresh tables, as if all calls went on at the same time.
    Tables tables{10000};
    Counters counters;
    Pipeline pipeline{tables, counters};
    std::string out(65536, '\0');
    for (const Kind& kind : kinds) {
        measure("path " + kind.name, kind.messages, [&](const Recorded& message) {
            const Outcome outcome = pipeline.process(*snapshot, {message.bytes, message.from, 0}, 1000, out);
            pipeline.settle(outcome, true);
            if (outcome.what != Outcome::What::forwarded || outcome.reason != message.reason)
                throw std::runtime_error(kind.name + " did not go on as it had");
        });
    }
}

}  // namespace

int main() {
    try {
        run();
        return 0;
    } catch (const std::exception& error) {
        fmt::print(stderr, "baseline: {}\n", error.what());
        return 1;
    }
}
