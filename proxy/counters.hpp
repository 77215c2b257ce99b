#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "routing/route_reason.hpp"

namespace sipsteer {

/// A counter that one worker writes and any thread reads. An increment is a plain load and store:
/// no locked instruction on the packet path.
class Counter {
  public:
    void add(std::uint64_t n = 1) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + n, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

  private:
    std::atomic<std::uint64_t> value_{0};
};

enum class MessageKind : std::uint8_t { request, response, invalid, kCount };
enum class CounterTransport : std::uint8_t { udp, tcp, tls, ws, wss, kCount };

/// Upper bounds, in seconds, of the buckets of `sipsteer_process_duration_seconds`.
inline constexpr std::array<double, 12> kDurationBuckets{1e-6,  2e-6,   4e-6,   8e-6,   16e-6, 32e-6,
                                                         64e-6, 128e-6, 256e-6, 512e-6, 1e-3,  1e-2};

/// What one worker counted since it started; the scrape adds the workers up.
/// Law: received = forwarded + answered + absorbed + sum(dropped).
struct alignas(64) Counters {
    template <class Enum>
    using PerValue = std::array<Counter, static_cast<std::size_t>(Enum::kCount)>;

    std::array<PerValue<MessageKind>, static_cast<std::size_t>(CounterTransport::kCount)> received;
    Counter forwarded;
    Counter answered;
    Counter absorbed;
    PerValue<DropReason> dropped;
    PerValue<RouteReason> decisions;

    Counter keepalives;             ///< datagrams without a message, outside the law
    Counter unverified_responses;   ///< from a server, our sent-by, branch not verifiable
    Counter invalid_record_routes;  ///< our Record-Route came back with a wrong signature
    std::array<Counter, kDurationBuckets.size() + 1> duration_bucket;  ///< last one: above all bounds
    Counter duration_sum_ns;
};

}  // namespace sipsteer
