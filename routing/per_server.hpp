#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "routing/media_server.hpp"

namespace sipsteer {

/// One atomic value for each server, by ServerId, so it outlives a change of the server set. Any thread
/// reads and writes; nothing is ever removed. Servers beyond kSlots have none (a cluster has 2 to 50).
template <class Value>
class PerServer {
  public:
    [[nodiscard]] Value get(ServerId id) const noexcept {
        for (std::size_t i = 0; i < kSlots; ++i) {
            const Slot& slot = slots_[(id + i) % kSlots];
            const ServerId held = slot.id.load(std::memory_order_acquire);
            if (held == id) return slot.value.load(std::memory_order_relaxed);
            if (held == kNoServer) break;
        }
        return Value{};
    }

    /// The value of that server, made when there was none; nullptr when all slots are taken.
    [[nodiscard]] std::atomic<Value>* find_or_add(ServerId id) noexcept {
        for (std::size_t i = 0; i < kSlots; ++i) {
            Slot& slot = slots_[(id + i) % kSlots];
            ServerId held = slot.id.load(std::memory_order_acquire);
            if (held == kNoServer && slot.id.compare_exchange_strong(held, id)) held = id;
            if (held == id) return &slot.value;
        }
        return nullptr;
    }

  private:
    static constexpr std::size_t kSlots = 1024;
    struct Slot {
        std::atomic<ServerId> id{kNoServer};
        std::atomic<Value> value{};
    };
    std::array<Slot, kSlots> slots_;
};

}  // namespace sipsteer
