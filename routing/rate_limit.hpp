#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "parser/ip_address.hpp"
#include "routing/keyed_hash.hpp"
#include "routing/owner_probe.hpp"

namespace sipsteer {

/// How many requests one address outside may send: a token bucket that holds one second's worth, kept as
/// the time at which it would be full again. A table of fixed size, shared by all workers, without
/// a lock; addresses that share a place share its tokens. IPv6 counts by its /64: a host has all of it.
class RateLimit {
  public:
    /// Takes a token. False: there is none, and the request is one too many. `per_second` > 0.
    [[nodiscard]] bool take(const KeyedHash& hash, const IpAddress& address, std::uint32_t per_second,
                            Milliseconds now) noexcept {
        const std::size_t significant = address.v6 ? 8 : 4;
        const std::string_view bytes{reinterpret_cast<const char*>(address.bytes.data()), significant};
        std::atomic<std::uint64_t>& full_at = full_at_[hash(bytes) % kPlaces];
        const auto now_ns = static_cast<std::uint64_t>(now.count()) * 1'000'000;
        const std::uint64_t token = kSecond / std::min<std::uint64_t>(per_second, kSecond);
        std::uint64_t held = full_at.load(std::memory_order_relaxed);
        for (;;) {
            const std::uint64_t next = std::max(held, now_ns) + token;
            if (next > now_ns + kSecond) return false;
            if (full_at.compare_exchange_weak(held, next, std::memory_order_relaxed)) return true;
        }
    }

    static constexpr std::size_t kPlaces = 65536;

  private:
    static constexpr std::uint64_t kSecond = 1'000'000'000;  // ns
    std::array<std::atomic<std::uint64_t>, kPlaces> full_at_{};
};

}  // namespace sipsteer
