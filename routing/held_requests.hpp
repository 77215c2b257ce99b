#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "parser/replaces.hpp"
#include "routing/connection_id.hpp"
#include "routing/endpoint.hpp"
#include "routing/local_addresses.hpp"
#include "routing/owner_probe.hpp"

namespace sipsteer {

/// A message with where it came from, owned: the receive buffer is long gone when it goes on.
struct HeldMessage {
    std::string bytes;
    Endpoint from;
    ListenerIndex listener = 0;
    ConnectionId connection = kNoConnection;
    ServerId server = kNoServer;  ///< that sent it; kNoServer: from outside
};

/// Requests that wait for a probe's answer: the only place where a message waits. Bounded in number,
/// time (OwnerProbe) and bytes. One for each worker: all copies of a request come to the same one, since
/// the kernel spreads by addresses. Keyed like pins: side, Call-ID and From tag.
class HeldRequests {
  public:
    using Id = std::uint32_t;

    struct Held {
        std::uint64_t key = 0;
        HeldMessage request;
        Replaces dialog;                     ///< views into request.bytes
        std::vector<HeldMessage> followers;  ///< CANCEL and the like, in order of arrival
        OwnerProbe probe;
    };

    /// What became of a message that came while its request waits.
    enum class Offer : std::uint8_t {
        nobody_waits,
        absorbed,  ///< a retransmission of the one that waits
        queued,
        refused,  ///< too many behind it already: the peer retransmits
    };
    [[nodiscard]] Offer offer(std::uint64_t key, const HeldMessage& message);

    /// Takes a request in. `dialog` points into `message.bytes`. None: the store is full.
    [[nodiscard]] std::optional<Id> hold(std::uint64_t key, const HeldMessage& message,
                                         const Replaces& dialog, OwnerProbe probe);

    [[nodiscard]] Held* find(Id id) noexcept;

    /// Takes one out whose probe is settled. None: none is.
    [[nodiscard]] std::optional<Held> take_settled(Milliseconds now);

    [[nodiscard]] bool empty() const noexcept { return held_.empty(); }

    static constexpr std::size_t kMaxHeld = 4096;
    static constexpr std::size_t kMaxFollowers = 4;
    static constexpr std::size_t kMaxBytes = std::size_t{32} << 20;

  private:
    std::unordered_map<Id, Held> held_;
    std::unordered_map<std::uint64_t, Id> by_key_;
    Id next_ = 1;
    std::size_t bytes_ = 0;
};

}  // namespace sipsteer
