#include "proxy/stream_set.hpp"

#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <functional>
#include <string>

#include "parser/sip_uri.hpp"
#include "proxy/config_values.hpp"
#include "proxy/stream_listener.hpp"
#include "proxy/stream_socket.hpp"
#include "proxy/tls_context.hpp"

namespace sipsteer {
namespace {

/// On the way from other workers to this one; more is dropped and counted.
constexpr std::size_t kMostHandedBytes = std::size_t{8} << 20;
/// What the unfinished messages of one worker's connections may hold.
constexpr std::size_t kMostHeldBytes = std::size_t{64} << 20;
/// While ending: a connection that has been silent for so long has nothing more to say.
constexpr std::uint32_t kQuietSeconds = 1;

/// The name or address in a server's uri, without brackets: what its certificate must say.
std::string host_of(const MediaServer& server) {
    const auto uri = SipUri::parse(server.uri);
    std::string_view host = uri ? uri->host : std::string_view{};
    if (host.starts_with('[') && host.ends_with(']')) host = host.substr(1, host.size() - 2);
    return std::string{host};
}

/// Connections that we opened and that broke, until their peer closes them; beyond it the oldest does not
/// wait. So a server that breaks each one cannot take up limits.connections.
constexpr std::size_t kMostLingering = 64;
/// Connections of one worker at a time that nobody waits for.
constexpr std::size_t kMostTrials = 16;

std::uint64_t seconds_of_trials() {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch())
            .count());
}

/// None: the peer needs no connection of its own.
std::optional<std::string_view> own_link_host(const Outcome& outcome) noexcept {
    if (outcome.server) return std::string_view{};
    if (is_secure(outcome.to.transport) && !outcome.host.empty()) return outcome.host;
    return std::nullopt;
}

}  // namespace

StreamSet::StreamSet(boost::asio::io_context& context, ConnectionRegistry& registry, StreamReceiver& receiver,
                     Counters& counters, std::uint8_t worker)
    : context_(context),
      registry_(registry),
      receiver_(receiver),
      counters_(counters),
      worker_(worker),
      scratch_(new char[kScratch]),
      second_(context) {}

StreamSet::~StreamSet() = default;

boost::system::error_code StreamSet::listen(ListenerIndex listener, std::uint8_t dscp) {
    boost::system::error_code error;
    dscp_ = dscp;
    const int fd = listen_stream(snapshot_->local[listener].bind, dscp, error);
    if (fd >= 0) listeners_.push_back(std::make_unique<StreamListener>(*this, fd, listener));
    return error;
}

void StreamSet::start(std::vector<StreamSet*> all) {
    all_ = std::move(all);
    for (const auto& listener : listeners_) listener->start();
    wait_second();
}

void StreamSet::drain(std::function<void()> done) {
    for (const auto& listener : listeners_) listener->stop();
    drained_ = std::move(done);
    every_second();
}

StreamConnection* StreamSet::find(ConnectionId id) noexcept {
    const auto found = connections_.find(id);
    return found == connections_.end() ? nullptr : found->second.get();
}

StreamConnection* StreamSet::find_usable(ConnectionId id) noexcept {
    StreamConnection* const found = find(id);
    return found == nullptr || found->is_lingering() ? nullptr : found;
}

StreamConnection& StreamSet::add(int fd, const StreamPeer& peer, bool connecting,
                                 std::unique_ptr<TlsSession> tls) {
    const ConnectionId id = registry_.add(peer.endpoint, worker_);
    const auto added = connections_.emplace(
        id, std::make_unique<StreamConnection>(*this, id, fd, peer, connecting, std::move(tls)));
    counters_.connections_opened[static_cast<std::size_t>(peer.endpoint.transport)].add();
    StreamConnection& connection = *added.first->second;
    connection.start();  // may close it, and take it out of the map
    return connection;
}

void StreamSet::accepted(int fd, const Endpoint& endpoint, ListenerIndex listener) {
    StreamPeer peer{.endpoint = endpoint, .listener = listener};
    const bool trusted = snapshot_->local[listener].side != ListenerSide::outside;
    peer.stranger = !(
        trusted && (snapshot_->server_behind(endpoint) || snapshot_->servers.has_address(endpoint.address)));
    const auto refusal = registry_.admit(endpoint.transport, endpoint.address, peer.stranger);
    if (refusal == ConnectionRegistry::Refusal::full) return refuse(fd, ConnectionEnd::full);
    if (refusal == ConnectionRegistry::Refusal::source_full) return refuse(fd, ConnectionEnd::source_full);
    std::unique_ptr<TlsSession> tls;
    if (is_secure(endpoint.transport)) {
        const auto context = registry_.tls();
        if (context != nullptr && registry_.begin_handshake()) tls = context->accept(fd);
        if (!tls) {
            registry_.forget(endpoint, peer.stranger);
            return refuse(fd, ConnectionEnd::handshake);
        }
    }
    add(fd, peer, false, std::move(tls));
}

void StreamSet::refuse(int fd, ConnectionEnd end) {
    counters_.connections_closed[static_cast<std::size_t>(end)].add();  // before the peer can see it
    ::close(fd);
}

ServerId StreamSet::server_proved_by(const TlsSession& tls) const {
    ServerId found = kNoServer;
    for (const MediaServer& server : snapshot_->servers.all()) {
        if (!tls.proves(host_of(server))) continue;
        if (found != kNoServer) return kNoServer;
        found = server.id;
    }
    return found;
}

void StreamSet::close(StreamConnection& connection, ConnectionEnd end) {
    const auto found = connections_.find(connection.id());
    if (found == connections_.end()) return;
    const StreamPeer& peer = connection.peer();
    counters_.connections_closed[static_cast<std::size_t>(end)].add();
    counters_.connections_ended[static_cast<std::size_t>(peer.endpoint.transport)].add();
    registry_.remove(connection.id(), peer.endpoint, peer.stranger);
    if (peer.on_trial && connection.is_connecting()) {
        --trials_;
        registry_.note_refused(peer.endpoint, seconds_of_trials());
    }
    forget_link(connection.id());
    std::erase(lingering_, connection.id());
    held_bytes_ -= connection.held_bytes();
    // Whoever is called from it right now must find it.
    if (closed_.empty()) boost::asio::post(context_, [this] { closed_.clear(); });
    closed_.push_back(std::move(found->second));
    connections_.erase(found);
    connection.shut(end == ConnectionEnd::slow ? DropReason::queue_full : DropReason::connection_lost);
}

void StreamSet::withdraw(const StreamConnection& connection) {
    registry_.withdraw(connection.id(), connection.peer().endpoint);
    forget_link(connection.id());
    if (!connection.peer().opened_by_us) return;
    if (lingering_.size() == kMostLingering) close(*find(lingering_.front()), ConnectionEnd::broken);
    lingering_.push_back(connection.id());
}

void StreamSet::forget_link(ConnectionId id) {
    std::erase_if(links_, [id](const OwnLink& link) { return link.connection == id; });
}

bool StreamSet::may_hold(std::size_t before, std::size_t after) noexcept {
    held_bytes_ = held_bytes_ - before + after;
    return held_bytes_ <= kMostHeldBytes || after <= before;
}

void StreamSet::send(const Outcome& outcome, std::string_view bytes) {
    if (outcome.connection != kNoConnection) {
        if (StreamConnection* const own = find_usable(outcome.connection))
            return send_on(*own, outcome, bytes);
        const auto worker = registry_.worker_of(outcome.connection);
        if (worker && *worker != worker_) return all_[*worker]->hand_over(outcome, bytes);
    }
    send_to_peer(outcome, bytes);
}

/// A connection to a server is each worker's own, and so is one whose certificate has the name that we looked
/// up: DNS alone must not choose the peer. Anybody else has one, held by whichever worker.
void StreamSet::send_to_peer(const Outcome& outcome, std::string_view bytes) {
    if (const auto host = own_link_host(outcome)) {
        const auto link = std::ranges::find_if(
            links_, [&](const OwnLink& one) { return one.to == outcome.to && iequals(one.host, *host); });
        if (link != links_.end()) return send_on(*find(link->connection), outcome, bytes);
    } else if (const auto place = registry_.to(outcome.to)) {
        if (place->worker == worker_) {
            if (StreamConnection* const own = find_usable(place->id)) return send_on(*own, outcome, bytes);
        } else {
            Outcome there = outcome;
            there.connection = place->id;
            return all_[place->worker]->hand_over(there, bytes);
        }
    }
    if (StreamConnection* const opened = open(outcome)) return send_on(*opened, outcome, bytes);
    receiver_.on_lost(outcome, DropReason::no_connection, bytes);
}

void StreamSet::send_on(StreamConnection& connection, const Outcome& outcome, std::string_view bytes) {
    if (connection.send(outcome, bytes)) return;
    receiver_.on_lost(outcome, DropReason::queue_full, bytes);
    close(connection, ConnectionEnd::slow);
}

void StreamSet::hand_over(const Outcome& outcome, std::string_view bytes) {
    // Called by another worker, whose receiver counts what is not even taken.
    handed_bytes_.fetch_add(bytes.size(), std::memory_order_relaxed);
    boost::asio::post(context_, [this, outcome = outcome, text = std::string{bytes}]() mutable {
        outcome.host = {};  // its message is gone
        const std::size_t waiting = handed_bytes_.fetch_sub(text.size(), std::memory_order_relaxed);
        if (waiting > kMostHandedBytes) return receiver_.on_lost(outcome, DropReason::queue_full, text);
        StreamConnection* const own = find_usable(outcome.connection);
        if (own != nullptr) {
            send_on(*own, outcome, text);
        } else {
            send_to_peer(outcome, text);
        }
        receiver_.on_round_end();
    });
}

void StreamSet::prepare(const Outcome& outcome) {
    Outcome there = outcome;
    there.to.transport = Transport::tcp;
    there.listener = *outcome.wants_stream;
    there.host = {};
    if (trials_ >= kMostTrials || registry_.to(there.to) || !registry_.may_try(there.to, seconds_of_trials()))
        return;
    if (open(there, true) == nullptr) registry_.note_refused(there.to, seconds_of_trials());
}

/// A connection of our own to outcome.to, shown as the listener that the message leaves by.
StreamConnection* StreamSet::open(const Outcome& outcome, bool on_trial) {
    const Endpoint& from = snapshot_->local[outcome.listener].bind;
    if (drained_ || outcome.to.port == 0 || outcome.to.address.is_unspecified() ||
        from.transport != outcome.to.transport || is_web_socket(from.transport)) {
        return nullptr;
    }
    if (registry_.admit(outcome.to.transport, outcome.to.address, false) != ConnectionRegistry::Refusal::none)
        return nullptr;
    boost::system::error_code error;
    const int fd = connect_stream(from, outcome.to, dscp_, error);
    const StreamPeer peer{.endpoint = outcome.to,
                          .listener = outcome.listener,
                          .server = snapshot_->servers.id_of(outcome.server),
                          .opened_by_us = true,
                          .on_trial = on_trial,
                          .stranger = false};
    std::unique_ptr<TlsSession> tls;
    if (fd >= 0 && is_secure(outcome.to.transport)) {
        const auto context = registry_.tls();
        const std::string host = outcome.server         ? host_of(snapshot_->servers[*outcome.server])
                                 : outcome.host.empty() ? to_string(outcome.to.address)
                                                        : std::string{outcome.host};
        if (context != nullptr && registry_.begin_handshake()) tls = context->connect(fd, host);
    }
    if (fd < 0 || (is_secure(outcome.to.transport) && !tls)) {
        if (fd >= 0) ::close(fd);
        registry_.forget(outcome.to, false);
        counters_.connections_closed[static_cast<std::size_t>(ConnectionEnd::unreachable)].add();
        return nullptr;
    }
    if (on_trial) ++trials_;
    StreamConnection& connection = add(fd, peer, true, std::move(tls));
    if (const auto host = own_link_host(outcome))
        links_.push_back({outcome.to, std::string{*host}, connection.id()});
    return &connection;
}

void StreamSet::flush() {
    for (std::size_t i = 0; i < dirty_.size(); ++i) {  // may grow meanwhile
        if (StreamConnection* const connection = find(dirty_[i])) connection->flush();
    }
    dirty_.clear();
}

void StreamSet::wait_second() {
    second_.expires_after(std::chrono::seconds{1});
    second_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        ++now_;
        every_second();
        wait_second();
    });
}

void StreamSet::every_second() {
    std::vector<std::pair<StreamConnection*, ConnectionEnd>> over;
    for (const auto& [id, connection] : connections_) {
        if (const auto end = connection->overdue(now_)) {
            over.emplace_back(connection.get(), *end);
        } else if (drained_ && connection->is_quiet(now_) &&
                   now_ - connection->last_activity() > kQuietSeconds) {
            over.emplace_back(connection.get(), ConnectionEnd::drain);
        }
    }
    for (const auto& [connection, end] : over) close(*connection, end);
    if (drained_ && connections_.empty()) std::exchange(drained_, [] {})();
}

}  // namespace sipsteer
