#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>

#include "parser/method.hpp"
#include "proxy/connection_end.hpp"
#include "proxy/counter.hpp"
#include "proxy/server_counters.hpp"
#include "routing/route_reason.hpp"

namespace sipsteer {

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

    std::array<Counter, static_cast<std::size_t>(Method::other) + 1> requests;  ///< received, by method
    std::array<Counter, kCodeClasses> responses;                                ///< received, by class
    ServerCounterTable servers;

    PerValue<CounterTransport> connections_opened;
    PerValue<CounterTransport> connections_ended;  ///< of those opened
    PerValue<ConnectionEnd> connections_closed;    ///< and of those refused

    Counter keepalives;             ///< datagrams and CRLFs without a message, outside the law
    Counter unverified_responses;   ///< from a server, our sent-by, branch not verifiable
    Counter invalid_record_routes;  ///< our Record-Route came back with a wrong signature
    std::array<Counter, kDurationBuckets.size() + 1> duration_bucket;  ///< last one: above all bounds
    Counter duration_sum_ns;
};

/// Time that `messages` took together, from receipt to the end of their processing.
inline void observe_duration(Counters& counters, std::chrono::nanoseconds taken,
                             std::size_t messages) noexcept {
    const double seconds = std::chrono::duration<double>(taken).count() / static_cast<double>(messages);
    std::size_t bucket = 0;
    while (bucket < kDurationBuckets.size() && seconds > kDurationBuckets[bucket]) ++bucket;
    counters.duration_bucket[bucket].add(messages);
    counters.duration_sum_ns.add(static_cast<std::uint64_t>(taken.count()));
}

}  // namespace sipsteer
