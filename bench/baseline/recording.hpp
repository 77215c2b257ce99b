#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "proxy/pipeline.hpp"

namespace sipsteer::bench {

/// A message as it came to the proxy, and why it went on.
struct Recorded {
    std::string bytes;
    Endpoint from;
    RouteReason reason;
};

/// All messages of one kind ("INVITE with Replaces"), one for each call, in the order of the calls.
struct Kind {
    std::string name;
    std::vector<Recorded> messages;
};

/// The proxy of the baseline: four servers, as bench/compare has them.
[[nodiscard]] std::shared_ptr<const Snapshot> baseline_snapshot();

/// Plays `transfers` transfers through a pipeline, phones and servers as the load generator has them, and
/// returns what came in, by kinds in the order of their first message. The same bytes on each run.
/// Throws std::runtime_error when the pipeline did something wrong.
[[nodiscard]] std::vector<Kind> record_transfers(const Snapshot& snapshot, unsigned transfers);

}  // namespace sipsteer::bench
