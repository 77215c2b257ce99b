#pragma once

#include <string>

#include "proxy/config.hpp"
#include "routing/keyed_hash.hpp"

namespace sipsteer {

/// The cluster's secret and where it is kept.
struct ClusterSecret {
    ClusterKey::Secret secret{};
    std::string file;   ///< empty: nowhere, it dies with the process
    std::string error;  ///< a written `process.key_file` that cannot be used: say it and stop
    [[nodiscard]] bool persistent() const noexcept { return !file.empty(); }
};

/// Reads the key file, or makes it once (mode 0600, 64 hex digits) where the contract says: the
/// configured file, else beside `table_file`, else in $STATE_DIRECTORY, else /var/lib/sipsteer. When
/// none can be written the secret is random: calls then outlive a restart only by luck.
/// `make` false: only reads, for commands that look and change nothing.
[[nodiscard]] ClusterSecret load_cluster_secret(const Config::Process& process, bool make);

/// What a start would say of a written `process.key_file`. Only reads; makes nothing. Empty: nothing.
[[nodiscard]] std::string key_file_error(const Config::Process& process);

}  // namespace sipsteer
