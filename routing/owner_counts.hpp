#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "routing/media_server.hpp"

namespace sipsteer {

/// Dialogs per server, early or confirmed, grace not counted. Written under shard locks by any
/// thread, read by anybody; keyed by ServerId, so it outlives a change of the server set.
/// Servers beyond kSlots are not counted (a cluster has 2 to 50).
class OwnerCounts {
  public:
    void add(ServerId id, int change) noexcept {
        if (std::atomic<std::int64_t>* count = slot(id)) count->fetch_add(change, std::memory_order_relaxed);
    }

    [[nodiscard]] std::int64_t of(ServerId id) const noexcept {
        for (std::size_t i = 0; i < kSlots; ++i) {
            const Slot& slot = slots_[(id + i) % kSlots];
            const ServerId held = slot.id.load(std::memory_order_acquire);
            if (held == id) return slot.count.load(std::memory_order_relaxed);
            if (held == kNoServer) break;
        }
        return 0;
    }

  private:
    static constexpr std::size_t kSlots = 1024;
    struct Slot {
        std::atomic<ServerId> id{kNoServer};
        std::atomic<std::int64_t> count{0};
    };

    std::atomic<std::int64_t>* slot(ServerId id) noexcept {
        for (std::size_t i = 0; i < kSlots; ++i) {
            Slot& slot = slots_[(id + i) % kSlots];
            ServerId held = slot.id.load(std::memory_order_acquire);
            if (held == kNoServer && slot.id.compare_exchange_strong(held, id)) held = id;
            if (held == id) return &slot.count;
        }
        return nullptr;
    }

    std::array<Slot, kSlots> slots_;
};

}  // namespace sipsteer
