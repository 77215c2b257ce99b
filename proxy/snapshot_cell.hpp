#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "routing/snapshot.hpp"

namespace sipsteer {

/// The current snapshot. Readers keep their own reference and look at the generation, one plain load,
/// to see whether there is a newer one: no lock on the packet path.
class SnapshotCell {
  public:
    explicit SnapshotCell(std::shared_ptr<const Snapshot> first) : current_(std::move(first)) {}

    void publish(std::shared_ptr<const Snapshot> next) {
        const std::lock_guard lock{mutex_};
        current_ = std::move(next);
        generation_.fetch_add(1, std::memory_order_release);
    }

    [[nodiscard]] std::shared_ptr<const Snapshot> get() const {
        const std::lock_guard lock{mutex_};
        return current_;
    }
    [[nodiscard]] std::uint64_t generation() const noexcept {
        return generation_.load(std::memory_order_acquire);
    }

  private:
    mutable std::mutex mutex_;
    std::shared_ptr<const Snapshot> current_;
    std::atomic<std::uint64_t> generation_{1};
};

}  // namespace sipsteer
