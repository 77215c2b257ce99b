#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/pipeline.hpp"

namespace sipsteer::bench {

/// A message as it came to the proxy, and why it went on.
struct Recorded {
    std::string kind;  ///< "INVITE with Replaces", "200 to BYE"; a server's own with "of a server"
    std::string bytes;
    Endpoint from;
    RouteReason reason;
};

/// The proxy of all benchmarks in memory: four servers, as bench/compare has them, and a fallback.
[[nodiscard]] std::shared_ptr<const Snapshot> recording_snapshot();

/// Plays `transfers` transfers through a pipeline, one after the other, phones and servers as the load
/// generator has them, and returns what came in, in its order. The same bytes on each run. Throws
/// std::runtime_error when the pipeline did something wrong.
[[nodiscard]] std::vector<Recorded> record_transfers(const Snapshot& snapshot, unsigned transfers);

}  // namespace sipsteer::bench
