#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "proxy/connection_registry.hpp"
#include "proxy/stream_connection.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

class StreamListener;

/// The stream connections of one worker: takes them in, opens them, sends on them and on those of other
/// workers. All calls in the worker's thread but hand_over().
class StreamSet {
  public:
    /// References must outlive it.
    StreamSet(boost::asio::io_context& context, ConnectionRegistry& registry, StreamReceiver& receiver,
              Counters& counters, std::uint8_t worker);
    ~StreamSet();

    /// The configuration to go on with. Before anything else.
    void use(std::shared_ptr<const Snapshot> snapshot) noexcept { snapshot_ = std::move(snapshot); }
    [[nodiscard]] boost::system::error_code listen(ListenerIndex listener, std::uint8_t dscp);
    /// `all`: the sets of all workers, by index.
    void start(std::vector<StreamSet*> all);
    /// No new connections; those that are quiet are closed. `done` is called when none is left.
    void drain(std::function<void()> done);

    /// Sends by outcome.connection; when that is gone, or none, by one to outcome.to, which is opened if
    /// need be. The receiver is told what became of the message, now or later.
    void send(const Outcome& outcome, std::string_view bytes);
    /// Opens a connection to where a request went that is too large for UDP, for those that come; unless
    /// there is one, or none was taken lately.
    void prepare(const Outcome& outcome);
    /// Writes what send() has queued since the last time.
    void flush();

    // For connections and listeners
    void accepted(int fd, const Endpoint& endpoint, ListenerIndex listener);
    void close(StreamConnection& connection, ConnectionEnd end);
    /// It takes no more messages: those that come go by another one.
    void withdraw(const StreamConnection& connection);
    void connected(const StreamConnection& connection) noexcept {
        if (connection.peer().on_trial) --trials_;
    }
    [[nodiscard]] ConnectionRegistry& registry() noexcept { return registry_; }
    void flush_later(StreamConnection& connection) { dirty_.push_back(connection.id()); }
    [[nodiscard]] StreamConnection* find(ConnectionId id) noexcept;
    [[nodiscard]] boost::asio::io_context& context() noexcept { return context_; }
    [[nodiscard]] StreamReceiver& receiver() noexcept { return receiver_; }
    [[nodiscard]] Counters& counters() noexcept { return counters_; }
    [[nodiscard]] const Snapshot& snapshot() const noexcept { return *snapshot_; }
    /// Where bytes are read to before anybody knows how many there are.
    [[nodiscard]] std::span<char> scratch() noexcept { return {scratch_.get(), kScratch}; }
    void end_handshake() noexcept { registry_.end_handshake(); }
    /// The one server that the peer's certificate names, or kNoServer.
    [[nodiscard]] ServerId server_proved_by(const TlsSession& tls) const;
    /// Seconds since the set was made.
    [[nodiscard]] std::uint32_t now() const noexcept { return now_; }
    /// False: all unfinished messages together hold too much.
    [[nodiscard]] bool may_hold(std::size_t before, std::size_t after) noexcept;

  private:
    static constexpr std::size_t kScratch = 65536;
    /// A connection of our own that is kept for one next hop: a server, or over TLS a name.
    struct OwnLink {
        Endpoint to;
        std::string host;  ///< that its certificate has; empty: a server
        ConnectionId connection = kNoConnection;
    };

    /// One that takes messages, or that may yet.
    [[nodiscard]] StreamConnection* find_usable(ConnectionId id) noexcept;
    /// Another worker sends on one of ours.
    void hand_over(const Outcome& outcome, std::string_view bytes);
    void send_to_peer(const Outcome& outcome, std::string_view bytes);
    void send_on(StreamConnection& connection, const Outcome& outcome, std::string_view bytes);
    [[nodiscard]] StreamConnection* open(const Outcome& outcome, bool on_trial = false);
    StreamConnection& add(int fd, const StreamPeer& peer, bool connecting, std::unique_ptr<TlsSession> tls);
    void forget_link(ConnectionId id);
    void refuse(int fd, ConnectionEnd end);
    void wait_second();
    void every_second();

    boost::asio::io_context& context_;
    ConnectionRegistry& registry_;
    StreamReceiver& receiver_;
    Counters& counters_;
    const std::uint8_t worker_;
    std::shared_ptr<const Snapshot> snapshot_;
    std::vector<StreamSet*> all_;
    std::vector<std::unique_ptr<StreamListener>> listeners_;
    std::unordered_map<ConnectionId, std::unique_ptr<StreamConnection>> connections_;
    std::vector<OwnLink> links_;
    std::vector<ConnectionId> lingering_;                    ///< of those that we opened, the oldest first
    std::vector<std::unique_ptr<StreamConnection>> closed_;  ///< until the event is over
    std::vector<ConnectionId> dirty_;
    std::unique_ptr<char[]> scratch_;
    std::atomic<std::size_t> handed_bytes_{0};  ///< by other workers, on their way
    std::size_t held_bytes_ = 0;
    std::size_t trials_ = 0;  ///< connecting
    boost::asio::steady_timer second_;
    std::uint32_t now_ = 1;
    std::uint8_t dscp_ = 0;
    std::function<void()> drained_;
};

}  // namespace sipsteer
