#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include "proxy/pipeline.hpp"

namespace sipsteer {

class TlsContext;

/// All stream connections of the process: which worker holds each one, who is at its other end, and how
/// many there may be. Shared by all workers; a call holds one lock for one look-up.
class ConnectionRegistry : public OpenConnections {
  public:
    /// Connections from one address outside; servers have no such limit.
    static constexpr std::uint32_t kMostOfOneSource = 64;
    /// TLS handshakes that are not done yet; more are refused before they cost anything.
    static constexpr std::uint32_t kMostHandshakes = 1024;

    struct Place {
        ConnectionId id = kNoConnection;
        std::uint8_t worker = 0;
        bool open = false;  ///< messages may come and go
    };
    enum class Refusal : std::uint8_t { none, full, source_full };

    /// `most`: connections at a time.
    explicit ConnectionRegistry(std::uint32_t most);

    /// Counts a connection in, from that address when it is a stranger's. Refused: it is not counted.
    [[nodiscard]] Refusal admit(Transport transport, const IpAddress& address, bool stranger);
    /// Enters what admit() has counted, under a name that was never used before.
    [[nodiscard]] ConnectionId add(const Endpoint& peer, std::uint8_t worker);
    /// Takes back an admit() that led to no add().
    void forget(const Endpoint& peer, bool stranger);
    /// It takes nothing more: no flow leads to it, and it is nobody's way to that peer. Still counted.
    void withdraw(ConnectionId id, const Endpoint& peer);
    /// withdraw(), if that has not been done, and counts it out.
    void remove(ConnectionId id, const Endpoint& peer, bool stranger);

    [[nodiscard]] std::optional<std::uint8_t> worker_of(ConnectionId id) const;
    [[nodiscard]] std::optional<Endpoint> peer_of(ConnectionId id) const noexcept override;
    [[nodiscard]] ConnectionId open_to(const Endpoint& peer) const noexcept override {
        const auto place = to(peer);
        return place && place->open ? place->id : kNoConnection;
    }
    void note_open(ConnectionId id, const Endpoint& peer);

    /// Nobody took a connection there: may_try() says so for kRefusedSeconds. At most kMostRefusals are
    /// remembered; what is beyond is not tried at all. `now`: seconds of a clock that does not jump.
    void note_refused(const Endpoint& peer, std::uint64_t now);
    [[nodiscard]] bool may_try(const Endpoint& peer, std::uint64_t now);
    static constexpr std::uint64_t kRefusedSeconds = 600;
    static constexpr std::size_t kMostRefusals = 4096;

    /// A connection whose other end is that address and port.
    [[nodiscard]] std::optional<Place> to(const Endpoint& peer) const;

    [[nodiscard]] bool begin_handshake() noexcept;
    void end_handshake() noexcept { handshakes_.fetch_sub(1, std::memory_order_relaxed); }

    /// What new connections are secured with; none: nothing is configured.
    void use_tls(std::shared_ptr<const TlsContext> tls);
    [[nodiscard]] std::shared_ptr<const TlsContext> tls() const;

    [[nodiscard]] std::uint32_t count(Transport transport) const noexcept {
        return open_[static_cast<std::size_t>(transport)].load(std::memory_order_relaxed);
    }

  private:
    struct EndpointHash {
        std::size_t operator()(const Endpoint& endpoint) const noexcept;
    };
    struct Entered {
        Endpoint peer;
        std::uint8_t worker;
    };
    struct Shard {
        mutable std::mutex mutex;
        std::unordered_map<ConnectionId, Entered> entered;
        std::unordered_map<Endpoint, Place, EndpointHash> peers;
        std::unordered_map<Endpoint, std::uint32_t, EndpointHash> sources;   ///< port 0: one address
        std::unordered_map<Endpoint, std::uint64_t, EndpointHash> refusals;  ///< until when
    };
    static constexpr std::size_t kShards = 64;

    [[nodiscard]] std::optional<Entered> find(ConnectionId id) const;
    [[nodiscard]] Shard& shard(ConnectionId id) const noexcept { return shards_[id % kShards]; }
    [[nodiscard]] Shard& shard(const Endpoint& endpoint) const noexcept {
        return shards_[EndpointHash{}(endpoint) / 7 % kShards];
    }
    [[nodiscard]] static Endpoint source_of(const IpAddress& address) noexcept { return {address, 0, {}}; }
    void release(const Endpoint& source);

    mutable std::mutex tls_mutex_;
    std::shared_ptr<const TlsContext> tls_;
    const std::uint32_t most_;
    std::atomic<std::uint64_t> next_id_;
    std::atomic<std::uint32_t> total_{0};
    std::atomic<std::uint32_t> handshakes_{0};
    std::array<std::atomic<std::uint32_t>, 5> open_{};
    mutable std::array<Shard, kShards> shards_;
};

}  // namespace sipsteer
