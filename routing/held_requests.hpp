#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
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

/// DNS is asked for a next hop's name. Text of its own; deadlines are OwnerProbe's.
struct NameQuestion {
    std::string host;
    std::uint16_t port = 0;
    Transport transport = Transport::udp;
    bool any_transport = false;
    std::uint64_t name = 0;  ///< its place in NextHops
    Milliseconds deadline{0};
    bool answered = false;

    [[nodiscard]] bool settled(Milliseconds now) const noexcept { return answered || now >= deadline; }
};

/// The servers are asked who owns a dialog. Its views point into the request that waits.
struct OwnerQuestion {
    Replaces dialog;
    OwnerProbe probe;

    [[nodiscard]] bool settled(Milliseconds now) const noexcept { return probe.settled(now); }
};

/// Requests that wait for an answer, of the servers or of DNS: the only place where a message waits. Bounded
/// in number, time (OwnerProbe::kPatience) and bytes. One for each worker: all copies of a request come to
/// the same one, since the kernel spreads by addresses. Keyed like pins: side, Call-ID and From tag.
class HeldRequests {
  public:
    using Id = std::uint32_t;

    struct Held {
        std::uint64_t key = 0;
        HeldMessage request;
        std::vector<HeldMessage> followers;  ///< CANCEL and the like, in order of arrival
        std::variant<OwnerQuestion, NameQuestion> question;

        [[nodiscard]] bool settled(Milliseconds now) const noexcept {
            return std::visit([now](const auto& one) { return one.settled(now); }, question);
        }
    };

    /// What became of a message that came while its request waits.
    enum class Offer : std::uint8_t {
        nobody_waits,
        absorbed,   ///< a retransmission of one that waits for the servers
        resolving,  ///< of one that waits for DNS, or too many behind it
        queued,
        refused,  ///< too many behind it already: the peer retransmits
    };
    [[nodiscard]] Offer offer(std::uint64_t key, const HeldMessage& message);

    /// Takes a request in. `dialog` points into `message.bytes`. None: the store is full.
    [[nodiscard]] std::optional<Id> hold(std::uint64_t key, const HeldMessage& message,
                                         const Replaces& dialog, OwnerProbe probe);
    [[nodiscard]] std::optional<Id> hold(std::uint64_t key, const HeldMessage& message,
                                         NameQuestion question);

    /// DNS has said what there is to say about that name.
    void name_answered(std::uint64_t name) noexcept;

    [[nodiscard]] Held* find(Id id) noexcept;

    /// Takes one out whose question is settled. None: none is.
    [[nodiscard]] std::optional<Held> take_settled(Milliseconds now);

    [[nodiscard]] bool empty() const noexcept { return held_.empty(); }

    static constexpr std::size_t kMaxHeld = 4096;
    static constexpr std::size_t kMaxFollowers = 4;
    static constexpr std::size_t kMaxBytes = std::size_t{32} << 20;

  private:
    [[nodiscard]] bool takes(std::uint64_t key, const HeldMessage& message) const noexcept;
    Id enter(std::uint64_t key, const HeldMessage& message,
             std::variant<OwnerQuestion, NameQuestion> question);

    std::unordered_map<Id, Held> held_;
    std::unordered_map<std::uint64_t, Id> by_key_;
    Id next_ = 1;
    std::size_t bytes_ = 0;
};

}  // namespace sipsteer
