#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <cstdint>
#include <memory>

#include "parser/stream_framer.hpp"
#include "proxy/connection_end.hpp"
#include "proxy/open_requests.hpp"
#include "proxy/receive_buffer.hpp"
#include "proxy/send_queue.hpp"
#include "proxy/tls_session.hpp"
#include "proxy/web_socket.hpp"

namespace sipsteer {

class StreamSet;

/// Who is at the other end of a stream, and how it came to be.
struct StreamPeer {
    Endpoint endpoint;
    ListenerIndex listener = 0;   ///< that it came in by; of one that we opened: whose address we show
    ServerId server = kNoServer;  ///< that we opened it to, or that its certificate names
    bool opened_by_us = false;
    bool on_trial = false;  ///< opened to see whether the peer takes one at all
    bool stranger = true;   ///< comes from no server's address: counted against its address
};

/// What a worker gets told about messages and connections.
class StreamReceiver {
  public:
    virtual ~StreamReceiver() = default;
    /// One whole message. What became of it.
    virtual Outcome on_message(const Incoming& incoming) = 0;
    /// One after which nothing more can be read.
    virtual void on_broken(const Incoming& incoming, ParseError error) = 0;
    /// A message that was given to StreamSet::send() is written.
    virtual void on_sent(const Outcome& outcome) = 0;
    /// It is lost, and why: the peer has not got it.
    virtual void on_lost(const Outcome& outcome, DropReason why, std::string_view bytes) = 0;
    /// A connection to there was refused.
    virtual void on_refused(const Endpoint& to) = 0;
    /// All that one event brought has been told: what was queued may go out.
    virtual void on_round_end() = 0;
};

/// One TCP connection, maybe with TLS and WebSocket in it, held by one worker: reads, frames, queues,
/// writes, and knows when it has waited long enough. Owned by its StreamSet, which it tells to close it.
class StreamConnection {
  public:
    /// `fd` becomes its own. `connecting`: it is not connected yet. `tls`: none for plain TCP.
    StreamConnection(StreamSet& set, ConnectionId id, int fd, const StreamPeer& peer, bool connecting,
                     std::unique_ptr<TlsSession> tls);

    void start();

    /// Takes a message for the peer. False: too much waits for it already. Precondition: not is_lingering().
    [[nodiscard]] bool send(const Outcome& outcome, std::string_view bytes);
    /// Writes what waits, as far as the peer takes it.
    void flush();

    /// Once a second. The reason to close it now, if there is one.
    [[nodiscard]] std::optional<ConnectionEnd> overdue(std::uint32_t now) const noexcept;
    /// Nothing is on its way in or out, and nobody waits for an answer.
    [[nodiscard]] bool is_quiet(std::uint32_t now) const noexcept {
        return pending_.empty() && queue_.empty() && !asked_.any(now) && !owed_.any(now);
    }
    /// Lets what waits be lost and gives the descriptor back. StreamSet alone calls it.
    void shut(DropReason why);

    [[nodiscard]] bool is_connecting() const noexcept { return state_ == State::connecting; }
    /// Broken: it takes no more messages, and ends once what waits is written.
    [[nodiscard]] bool is_lingering() const noexcept { return state_ == State::lingering; }
    [[nodiscard]] ConnectionId id() const noexcept { return id_; }
    [[nodiscard]] const StreamPeer& peer() const noexcept { return peer_; }
    [[nodiscard]] std::uint32_t last_activity() const noexcept { return active_; }
    [[nodiscard]] std::size_t held_bytes() const noexcept { return pending_.capacity(); }

  private:
    enum class State : std::uint8_t { connecting, handshaking, open, lingering, shut };

    void wait_readable();
    void wait_writable();
    void on_readable();
    void on_writable();
    void shake_hands();
    void read();
    void read_soon();
    /// Messages may come and go.
    void become_open();
    void open_web_socket();
    /// False: too much waits already.
    bool queue_bytes(const Outcome& outcome, std::string_view bytes);
    [[nodiscard]] StreamIoResult receive(std::span<char> room);
    [[nodiscard]] StreamIoResult transmit(std::string_view bytes);
    /// A whole message, framed by the stream or by WebSocket.
    void take_message(std::string_view message);
    /// What one WebSocket message holds: a message, or a keep-alive (RFC 7118 §6, RFC 5626 §4.4.1).
    void take_web_message(std::string_view message);
    void answer_ping();
    /// Reads once. False: nothing more for now, or the end.
    bool read_some();
    /// Takes the messages off the front; the bytes that are done with.
    std::size_t take_frames(std::string_view bytes);
    [[nodiscard]] Incoming incoming(std::string_view bytes) const noexcept;
    /// After a broken message: what waits is written, what comes is thrown away, until the peer closes.
    void linger();
    void close(ConnectionEnd end);

    StreamSet& set_;
    const ConnectionId id_;
    StreamPeer peer_;
    boost::asio::posix::stream_descriptor descriptor_;
    std::unique_ptr<TlsSession> tls_;
    std::unique_ptr<WebSocket> web_;
    StreamFramer framer_;
    ReceiveBuffer pending_;
    SendQueue queue_;
    OpenRequests asked_;         ///< that the peer has to answer; without our own, which may stay open
    OpenRequests owed_;          ///< that the peer sent
    std::uint32_t since_;        ///< connecting, lingering: the state; seconds as of StreamSet::now()
    std::uint32_t active_;       ///< something was said last
    std::uint32_t partial_ = 0;  ///< the unfinished message began
    std::uint32_t waits_ = 0;    ///< the peer takes nothing since then
    State state_;
    bool reading_ = false;
    bool reads_soon_ = false;
    bool writing_ = false;
    bool dirty_ = false;  ///< the set will flush it
    bool known_ = false;  ///< a server has had something to say to this peer
};

}  // namespace sipsteer
