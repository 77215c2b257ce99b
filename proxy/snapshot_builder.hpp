#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/config.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// A snapshot made of a checked configuration, with what should be said about it.
struct BuiltSnapshot {
    std::shared_ptr<const Snapshot> snapshot;
    std::vector<std::string> remarks;  ///< names that do not resolve, addresses chosen for wildcards
};

/// Resolves server names (A and AAAA; blocks as long as the system's resolver does) and turns the
/// configuration into what routing reads. Precondition: `config` has no errors. A server whose name
/// does not resolve stays in the set without an address, so that it keeps its share of the calls.
[[nodiscard]] BuiltSnapshot build_snapshot(const Config& config, const ClusterKey& key);

}  // namespace sipsteer
