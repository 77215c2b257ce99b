#pragma once

#include <array>
#include <atomic>
#include <cstddef>

#include "proxy/counter.hpp"
#include "routing/media_server.hpp"

namespace sipsteer {

/// 1xx to 6xx.
inline constexpr std::size_t kCodeClasses = 6;

/// What one worker counted about one server.
struct ServerCounters {
    std::atomic<ServerId> id{kNoServer};
    Counter received;                           ///< messages from it
    Counter sent;                               ///< messages forwarded to it
    Counter invites;                            ///< of these, INVITEs outside of a dialog, repetitions too
    std::array<Counter, kCodeClasses> answers;  ///< its responses that were forwarded, by class
};

/// One worker's counters for each server, by ServerId, so they outlive a change of the server set. That
/// worker adds, any thread reads; nothing is ever removed. What is counted for servers beyond kSlots goes
/// nowhere (a cluster has 2 to 50).
class ServerCounterTable {
  public:
    static constexpr std::size_t kSlots = 128;

    /// For the worker itself; `id` is not kNoServer.
    [[nodiscard]] ServerCounters& of(ServerId id) noexcept {
        for (std::size_t i = 0; i < kSlots; ++i) {
            ServerCounters& slot = slots_[(id + i) % kSlots];
            const ServerId held = slot.id.load(std::memory_order_relaxed);
            if (held == kNoServer) slot.id.store(id, std::memory_order_release);
            if (held == kNoServer || held == id) return slot;
        }
        return beyond_;
    }

    /// nullptr: nothing was counted for it.
    [[nodiscard]] const ServerCounters* find(ServerId id) const noexcept {
        for (std::size_t i = 0; i < kSlots; ++i) {
            const ServerCounters& slot = slots_[(id + i) % kSlots];
            const ServerId held = slot.id.load(std::memory_order_acquire);
            if (held == id) return &slot;
            if (held == kNoServer) break;
        }
        return nullptr;
    }

  private:
    std::array<ServerCounters, kSlots> slots_;
    ServerCounters beyond_;
};

}  // namespace sipsteer
