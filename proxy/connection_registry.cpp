#include "proxy/connection_registry.hpp"

#include <sys/random.h>

#include <cstring>
#include <ctime>

namespace sipsteer {
namespace {

/// Where this process starts to count: no other one comes near it.
std::uint64_t random_start() noexcept {
    std::uint64_t start = 0;
    if (::getrandom(&start, sizeof start, GRND_NONBLOCK) != static_cast<ssize_t>(sizeof start)) {
        timespec now{};
        static_cast<void>(::clock_gettime(CLOCK_REALTIME, &now));
        start = static_cast<std::uint64_t>(now.tv_sec) << 32 | static_cast<std::uint64_t>(now.tv_nsec);
    }
    return start;
}

}  // namespace

/// Ports and addresses are the peers' own choice, but a bucket has at most those of limits.connections.
std::size_t ConnectionRegistry::EndpointHash::operator()(const Endpoint& endpoint) const noexcept {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::memcpy(&low, endpoint.address.bytes.data(), 8);
    std::memcpy(&high, endpoint.address.bytes.data() + 8, 8);
    std::uint64_t value = low * 0x9e3779b97f4a7c15ULL ^ high * 0xc2b2ae3d27d4eb4fULL;
    value ^= (std::uint64_t{endpoint.port} << 8 | static_cast<std::uint64_t>(endpoint.transport)) *
             0x165667b19e3779f9ULL;
    return static_cast<std::size_t>((value ^ value >> 31) * 0xbf58476d1ce4e5b9ULL >> 8);
}

ConnectionRegistry::ConnectionRegistry(std::uint32_t most) : most_(most), next_id_(random_start()) {}

ConnectionRegistry::Refusal ConnectionRegistry::admit(Transport transport, const IpAddress& address,
                                                      bool stranger) {
    if (total_.fetch_add(1, std::memory_order_relaxed) >= most_) {
        total_.fetch_sub(1, std::memory_order_relaxed);
        return Refusal::full;
    }
    if (stranger) {
        const Endpoint source = source_of(address);
        Shard& one = shard(source);
        const std::lock_guard lock{one.mutex};
        std::uint32_t& count = one.sources[source];
        if (count >= kMostOfOneSource) {
            total_.fetch_sub(1, std::memory_order_relaxed);
            return Refusal::source_full;
        }
        ++count;
    }
    open_[static_cast<std::size_t>(transport)].fetch_add(1, std::memory_order_relaxed);
    return Refusal::none;
}

ConnectionId ConnectionRegistry::add(const Endpoint& peer, std::uint8_t worker) {
    ConnectionId id = next_id_.fetch_add(1, std::memory_order_relaxed);
    if (id == kNoConnection) id = next_id_.fetch_add(1, std::memory_order_relaxed);
    {
        Shard& one = shard(id);
        const std::lock_guard lock{one.mutex};
        one.entered.emplace(id, Entered{peer, worker});
    }
    Shard& one = shard(peer);
    const std::lock_guard lock{one.mutex};
    one.peers.insert_or_assign(peer, Place{id, worker});
    return id;
}

void ConnectionRegistry::withdraw(ConnectionId id, const Endpoint& peer) {
    {
        Shard& one = shard(id);
        const std::lock_guard lock{one.mutex};
        one.entered.erase(id);
    }
    Shard& one = shard(peer);
    const std::lock_guard lock{one.mutex};
    const auto found = one.peers.find(peer);
    // A newer one may be there already.
    if (found != one.peers.end() && found->second.id == id) one.peers.erase(found);
}

void ConnectionRegistry::remove(ConnectionId id, const Endpoint& peer, bool stranger) {
    withdraw(id, peer);
    forget(peer, stranger);
}

void ConnectionRegistry::note_open(ConnectionId id, const Endpoint& peer) {
    Shard& one = shard(peer);
    const std::lock_guard lock{one.mutex};
    const auto found = one.peers.find(peer);
    if (found != one.peers.end() && found->second.id == id) found->second.open = true;
}

void ConnectionRegistry::note_refused(const Endpoint& peer, std::uint64_t now) {
    Shard& one = shard(peer);
    const std::lock_guard lock{one.mutex};
    if (one.refusals.size() < kMostRefusals / kShards || one.refusals.contains(peer))
        one.refusals[peer] = now + kRefusedSeconds;
}

bool ConnectionRegistry::may_try(const Endpoint& peer, std::uint64_t now) {
    Shard& one = shard(peer);
    const std::lock_guard lock{one.mutex};
    if (one.refusals.size() >= kMostRefusals / kShards)
        std::erase_if(one.refusals, [now](const auto& entry) { return entry.second <= now; });
    const auto found = one.refusals.find(peer);
    if (found == one.refusals.end()) return one.refusals.size() < kMostRefusals / kShards;
    return found->second <= now;
}

void ConnectionRegistry::use_tls(std::shared_ptr<const TlsContext> tls) {
    const std::lock_guard lock{tls_mutex_};
    tls_ = std::move(tls);
}

std::shared_ptr<const TlsContext> ConnectionRegistry::tls() const {
    const std::lock_guard lock{tls_mutex_};
    return tls_;
}

void ConnectionRegistry::forget(const Endpoint& peer, bool stranger) {
    if (stranger) release(source_of(peer.address));
    open_[static_cast<std::size_t>(peer.transport)].fetch_sub(1, std::memory_order_relaxed);
    total_.fetch_sub(1, std::memory_order_relaxed);
}

void ConnectionRegistry::release(const Endpoint& source) {
    Shard& one = shard(source);
    const std::lock_guard lock{one.mutex};
    const auto found = one.sources.find(source);
    if (found != one.sources.end() && --found->second == 0) one.sources.erase(found);
}

std::optional<ConnectionRegistry::Entered> ConnectionRegistry::find(ConnectionId id) const {
    const Shard& one = shard(id);
    const std::lock_guard lock{one.mutex};
    const auto found = one.entered.find(id);
    return found == one.entered.end() ? std::nullopt : std::optional{found->second};
}

std::optional<std::uint8_t> ConnectionRegistry::worker_of(ConnectionId id) const {
    const auto found = find(id);
    return found ? std::optional{found->worker} : std::nullopt;
}

std::optional<Endpoint> ConnectionRegistry::peer_of(ConnectionId id) const noexcept {
    const auto found = find(id);
    return found ? std::optional{found->peer} : std::nullopt;
}

std::optional<ConnectionRegistry::Place> ConnectionRegistry::to(const Endpoint& peer) const {
    const Shard& one = shard(peer);
    const std::lock_guard lock{one.mutex};
    const auto found = one.peers.find(peer);
    return found == one.peers.end() ? std::nullopt : std::optional{found->second};
}

bool ConnectionRegistry::begin_handshake() noexcept {
    if (handshakes_.fetch_add(1, std::memory_order_relaxed) < kMostHandshakes) return true;
    end_handshake();
    return false;
}

}  // namespace sipsteer
