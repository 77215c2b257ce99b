#include "proxy/stream_connection.hpp"

#include <sys/socket.h>

#include <boost/asio/post.hpp>
#include <cerrno>

#include "parser/chars.hpp"
#include "proxy/stream_set.hpp"
#include "proxy/stream_socket.hpp"

namespace sipsteer {
namespace {

/// Reads from one connection before the others get their turn.
constexpr int kReadsPerWakeup = 4;

constexpr std::uint32_t kConnectSeconds = 5;
constexpr std::uint32_t kHandshakeSeconds = 5;
constexpr std::uint32_t kPartialSeconds = 10;
constexpr std::uint32_t kLingerSeconds = 2;
/// A peer that reads nothing at all for so long, while something waits for it.
constexpr std::uint32_t kStalledSeconds = 30;
/// Nobody has had anything to say: no message that a server answered, no keep-alive.
constexpr std::uint32_t kIdleSeconds = 120;
/// A phone that is reached through this connection alone, or a server (RFC 5626 §3.1).
constexpr std::uint32_t kFlowIdleSeconds = 30 * 60;

constexpr std::string_view kPing = "\r\n\r\n";
constexpr std::string_view kPong = "\r\n";

bool is_response(std::string_view message) noexcept { return istarts_with(message, "SIP/2.0 "); }

}  // namespace

StreamConnection::StreamConnection(StreamSet& set, ConnectionId id, int fd, const StreamPeer& peer,
                                   bool connecting, std::unique_ptr<TlsSession> tls)
    : set_(set),
      id_(id),
      peer_(peer),
      descriptor_(set.context(), fd),
      tls_(std::move(tls)),
      framer_(set.snapshot().message_bytes),
      since_(set.now()),
      active_(set.now()),
      state_(connecting ? State::connecting : State::handshaking) {}

void StreamConnection::start() {
    if (state_ == State::connecting) return wait_writable();
    shake_hands();
    wait_readable();
}

void StreamConnection::wait_readable() {
    if (reading_ || state_ == State::shut) return;
    reading_ = true;
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [set = &set_, id = id_](const boost::system::error_code& error) {
                               StreamConnection* const self = error ? nullptr : set->find(id);
                               if (self != nullptr) self->on_readable();
                           });
}

void StreamConnection::wait_writable() {
    if (writing_ || state_ == State::shut) return;
    writing_ = true;
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_write,
                           [set = &set_, id = id_](const boost::system::error_code& error) {
                               StreamConnection* const self = error ? nullptr : set->find(id);
                               if (self != nullptr) self->on_writable();
                           });
}

void StreamConnection::on_readable() {
    reading_ = false;
    if (state_ == State::handshaking) shake_hands();
    read();
    wait_readable();
    set_.receiver().on_round_end();
}

void StreamConnection::read() {
    int reads = 0;
    while (reads < kReadsPerWakeup && read_some()) ++reads;
    if (reads == kReadsPerWakeup) read_soon();
}

/// Where the session holds something already: the socket does not tell of it.
void StreamConnection::read_soon() {
    if (reads_soon_ || !tls_ || !tls_->has_pending()) return;
    reads_soon_ = true;
    boost::asio::post(set_.context(), [set = &set_, id = id_] {
        StreamConnection* const self = set->find(id);
        if (self == nullptr) return;
        self->reads_soon_ = false;
        self->read();
        set->receiver().on_round_end();
    });
}

void StreamConnection::on_writable() {
    writing_ = false;
    if (state_ == State::connecting) {
        if (stream_error(descriptor_.native_handle())) {
            if (!peer_.on_trial) set_.receiver().on_refused(peer_.endpoint);
            return close(ConnectionEnd::unreachable);
        }
        since_ = set_.now();
        state_ = State::handshaking;
        set_.connected(*this);
    }
    if (state_ == State::handshaking) shake_hands();
    flush();
    read_soon();  // a read that had to write first
    wait_readable();
    set_.receiver().on_round_end();
}

void StreamConnection::shake_hands() {
    if (!tls_) return become_open();
    switch (tls_->handshake()) {
        case StreamIo::done:
            become_open();
            return read_soon();  // the first message may have come with the end of the handshake
        case StreamIo::wants_read: return wait_readable();
        case StreamIo::wants_write: return wait_writable();
        case StreamIo::closed:
        case StreamIo::failed: return close(ConnectionEnd::handshake);
    }
}

void StreamConnection::become_open() {
    state_ = State::open;
    set_.registry().note_open(id_, peer_.endpoint);
    active_ = set_.now();
    if (tls_) {
        set_.end_handshake();
        if (!peer_.opened_by_us && peer_.server == kNoServer) peer_.server = set_.server_proved_by(*tls_);
    }
    if (is_web_socket(peer_.endpoint.transport)) open_web_socket();
    if (!dirty_) set_.flush_later(*this);  // what has waited for this
    dirty_ = true;
}

/// What it tells comes later, when this connection may be gone.
void StreamConnection::open_web_socket() {
    const auto later = [set = &set_, id = id_](auto what) {
        StreamConnection* const self = set->find(id);
        if (self == nullptr || self->state_ != State::open) return;
        what(*self);
        set->receiver().on_round_end();
    };
    web_ = std::make_unique<WebSocket>(
        set_.context(), set_.snapshot().message_bytes,
        WebSocket::Listener{[later](std::string_view message) {
                                later([&](StreamConnection& self) { self.take_web_message(message); });
                            },
                            [later](std::string_view bytes) {
                                later([&](StreamConnection& self) { self.queue_bytes({}, bytes); });
                            },
                            [later] { later([](StreamConnection& self) { self.linger(); }); }});
}

StreamIoResult StreamConnection::receive(std::span<char> room) {
    if (tls_) return tls_->read(room);
    const ssize_t count = ::recv(descriptor_.native_handle(), room.data(), room.size(), 0);
    if (count > 0) return {StreamIo::done, static_cast<std::size_t>(count)};
    if (count == 0) return {StreamIo::closed, 0};
    return {
        errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? StreamIo::wants_read : StreamIo::failed,
        0};
}

StreamIoResult StreamConnection::transmit(std::string_view bytes) {
    if (tls_) return tls_->write(bytes);
    const ssize_t count = ::send(descriptor_.native_handle(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count >= 0) return {StreamIo::done, static_cast<std::size_t>(count)};
    return {
        errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? StreamIo::wants_write : StreamIo::failed,
        0};
}

bool StreamConnection::read_some() {
    if (state_ != State::open && state_ != State::lingering) return false;
    const bool fresh = pending_.empty();
    const std::size_t held = pending_.capacity();
    const std::span<char> room = fresh ? set_.scratch() : pending_.room();
    const StreamIoResult got = receive(room);
    switch (got.io) {
        case StreamIo::done: break;
        case StreamIo::wants_read: return false;
        case StreamIo::wants_write: wait_writable(); return false;
        case StreamIo::closed: close(ConnectionEnd::peer); return false;
        case StreamIo::failed: close(ConnectionEnd::error); return false;
    }
    if (state_ != State::open) return true;  // lingering
    if (web_) {
        active_ = set_.now();
        web_->feed({room.data(), got.size});
        return true;
    }
    if (!fresh) pending_.commit(got.size);
    const std::string_view bytes = fresh ? std::string_view{room.data(), got.size} : pending_.view();
    const std::size_t done = take_frames(bytes);
    if (state_ != State::open) return state_ == State::lingering;
    if (done != 0 || fresh) partial_ = set_.now();
    if (fresh) {
        pending_.assign(bytes.substr(done));
    } else {
        pending_.consume(done);
    }
    if (!set_.may_hold(held, pending_.capacity())) {
        close(ConnectionEnd::memory);
        return false;
    }
    return tls_ ? tls_->has_pending() : got.size == room.size();
}

std::size_t StreamConnection::take_frames(std::string_view bytes) {
    std::size_t done = 0;
    while (state_ == State::open) {
        const StreamFrame frame = framer_.next(bytes.substr(done));
        const std::string_view taken = bytes.substr(done, frame.size);
        switch (frame.what) {
            case StreamFrame::What::incomplete: return done;
            case StreamFrame::What::blank: set_.counters().keepalives.add(); break;
            case StreamFrame::What::ping:
                set_.counters().keepalives.add();
                answer_ping();
                break;
            case StreamFrame::What::message: take_message(taken); break;
            case StreamFrame::What::broken:
                set_.receiver().on_broken(incoming(taken), frame.error);
                linger();
                break;
        }
        done += frame.size;
    }
    return done;
}

void StreamConnection::take_web_message(std::string_view message) {
    if (!MessageView::is_keepalive(message)) return take_message(message);
    const bool ping = message == kPing;
    set_.counters().keepalives.add(ping ? 2 : 1);  // by CRLFs, as in a stream
    if (ping) answer_ping();
}

/// Without a place in the queue there is no answer: the peer does not read.
void StreamConnection::answer_ping() {
    active_ = set_.now();
    static_cast<void>(send({}, kPong));
}

void StreamConnection::take_message(std::string_view message) {
    active_ = set_.now();
    const bool response = is_response(message);
    if (!response) owed_.add(message, active_);
    const Outcome outcome = set_.receiver().on_message(incoming(message));
    if (response) {
        if (outcome.what == Outcome::What::forwarded) asked_.answer(message, active_);
    } else if (outcome.what == Outcome::What::dropped || outcome.what == Outcome::What::absorbed) {
        owed_.take_back(message);
    }
    // Nothing sensible will come behind what is no SIP.
    if (outcome.what == Outcome::What::dropped && outcome.drop == DropReason::not_sip) linger();
}

Incoming StreamConnection::incoming(std::string_view bytes) const noexcept {
    return {bytes, peer_.endpoint, peer_.listener, id_, peer_.server};
}

bool StreamConnection::send(const Outcome& outcome, std::string_view bytes) {
    if (state_ == State::shut) return false;
    if (web_) {
        if (!web_->is_open()) return false;
        if (!queue_bytes(outcome, web_->frame(bytes))) return false;
    } else if (!queue_bytes(outcome, bytes)) {
        return false;
    }
    if (outcome.what == Outcome::What::forwarded) known_ = true;
    if (outcome.sends()) {
        if (is_response(bytes)) {
            owed_.answer(bytes, set_.now());
        } else {
            asked_.add(bytes, set_.now());
        }
    }
    return true;
}

bool StreamConnection::queue_bytes(const Outcome& outcome, std::string_view bytes) {
    if (!queue_.takes(bytes.size())) flush();
    if (!queue_.takes(bytes.size())) return false;
    if (queue_.empty()) waits_ = set_.now();
    queue_.add(outcome, bytes);
    if (!dirty_) set_.flush_later(*this);
    dirty_ = true;
    return true;
}

void StreamConnection::flush() {
    dirty_ = false;
    if (state_ != State::open && state_ != State::lingering) return;
    while (!queue_.empty()) {
        const StreamIoResult sent = transmit(queue_.waiting());
        switch (sent.io) {
            case StreamIo::done: break;
            case StreamIo::wants_write: return wait_writable();
            case StreamIo::wants_read: return;  // we wait for that all the time
            case StreamIo::closed:
            case StreamIo::failed: return close(ConnectionEnd::error);
        }
        waits_ = set_.now();
        queue_.written(sent.size, [this](const Outcome& outcome) { set_.receiver().on_sent(outcome); });
    }
    if (state_ != State::lingering) return;
    if (tls_) tls_->end();
    ::shutdown(descriptor_.native_handle(), SHUT_WR);
}

/// Closing at once would reset the connection, and our last answer with it, while the peer still writes.
void StreamConnection::linger() {
    if (state_ != State::open) return;
    state_ = State::lingering;
    set_.withdraw(*this);
    since_ = set_.now();
    if (!dirty_) set_.flush_later(*this);
    dirty_ = true;
}

std::optional<ConnectionEnd> StreamConnection::overdue(std::uint32_t now) const noexcept {
    const auto passed = [now](std::uint32_t since, std::uint32_t most) { return now - since > most; };
    if (state_ == State::connecting)
        return passed(since_, kConnectSeconds) ? std::optional{ConnectionEnd::unreachable} : std::nullopt;
    if (state_ == State::handshaking)
        return passed(since_, kHandshakeSeconds) ? std::optional{ConnectionEnd::handshake} : std::nullopt;
    if (state_ == State::lingering)
        return passed(since_, kLingerSeconds) ? std::optional{ConnectionEnd::broken} : std::nullopt;
    if (web_ && !web_->is_open() && passed(since_, kHandshakeSeconds)) return ConnectionEnd::handshake;
    if (!pending_.empty() && passed(partial_, kPartialSeconds)) return ConnectionEnd::partial;
    if (!queue_.empty() && passed(waits_, kStalledSeconds)) return ConnectionEnd::slow;
    const bool flow = known_ || !peer_.stranger;
    if (passed(active_, flow ? kFlowIdleSeconds : kIdleSeconds)) return ConnectionEnd::idle;
    return std::nullopt;
}

void StreamConnection::close(ConnectionEnd end) {
    if (state_ != State::shut) set_.close(*this, state_ == State::lingering ? ConnectionEnd::broken : end);
}

void StreamConnection::shut(DropReason why) {
    if (tls_ && (state_ == State::handshaking || state_ == State::connecting)) set_.end_handshake();
    state_ = State::shut;
    web_.reset();
    queue_.lost([this, why](const Outcome& outcome, std::string_view bytes) {
        set_.receiver().on_lost(outcome, why, bytes);
    });
    boost::system::error_code ignored;
    descriptor_.close(ignored);
}

}  // namespace sipsteer
