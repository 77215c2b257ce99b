#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/config.hpp"
#include "proxy/host_lookup.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// A snapshot made of a checked configuration, with what should be said about it.
struct BuiltSnapshot {
    std::shared_ptr<const Snapshot> snapshot;
    std::vector<std::string> remarks;  ///< names that do not resolve, addresses chosen for wildcards
};

/// Turns the configuration into what routing reads; `known` has the addresses of the servers' names.
/// Precondition: `config` has no errors. A server whose name is not known stays in the set without an
/// address, so that it keeps its share of the calls.
[[nodiscard]] BuiltSnapshot build_snapshot(const Config& config, const ClusterKey& key,
                                           const HostAddresses& known = {});

}  // namespace sipsteer
