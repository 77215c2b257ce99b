#pragma once

#include <cstdint>

#include "routing/per_server.hpp"

namespace sipsteer {

/// Dialogs per server, early or confirmed, grace not counted. Written under shard locks by any
/// thread, read by anybody.
class OwnerCounts {
  public:
    void add(ServerId id, int change) noexcept {
        if (auto* count = counts_.find_or_add(id)) count->fetch_add(change, std::memory_order_relaxed);
    }
    [[nodiscard]] std::int64_t of(ServerId id) const noexcept { return counts_.get(id); }

  private:
    PerServer<std::int64_t> counts_;
};

}  // namespace sipsteer
