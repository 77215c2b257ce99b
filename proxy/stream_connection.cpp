#include "proxy/stream_connection.hpp"

#include <sys/socket.h>

#include <cerrno>

#include "proxy/stream_set.hpp"
#include "proxy/stream_socket.hpp"

namespace sipsteer {
namespace {

/// Reads from one connection before the others get their turn.
constexpr int kReadsPerWakeup = 4;

constexpr std::uint32_t kConnectSeconds = 5;
constexpr std::uint32_t kPartialSeconds = 10;
constexpr std::uint32_t kLingerSeconds = 2;
/// A peer that reads nothing at all for so long, while something waits for it.
constexpr std::uint32_t kStalledSeconds = 30;
/// Nobody has had anything to say: no message that a server answered, no keep-alive.
constexpr std::uint32_t kIdleSeconds = 120;
/// A phone that is reached through this connection alone, or a server (RFC 5626 §3.1).
constexpr std::uint32_t kFlowIdleSeconds = 30 * 60;

constexpr std::string_view kPong = "\r\n";

/// A request that gets an answer, or an answer that is not the last one.
bool awaits_answer(std::string_view message) noexcept {
    return message.starts_with("SIP/2.0 ") ? message.starts_with("SIP/2.0 1") : !message.starts_with("ACK ");
}

}  // namespace

StreamConnection::StreamConnection(StreamSet& set, ConnectionId id, int fd, const StreamPeer& peer,
                                   bool connecting)
    : set_(set),
      id_(id),
      peer_(peer),
      descriptor_(set.context(), fd),
      framer_(set.snapshot().message_bytes),
      since_(set.now()),
      active_(set.now()),
      state_(connecting ? State::connecting : State::open) {}

void StreamConnection::start() {
    if (state_ == State::connecting) {
        wait_writable();
    } else {
        wait_readable();
    }
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
    for (int i = 0; i < kReadsPerWakeup && read_some(); ++i) {
    }
    wait_readable();
    set_.receiver().on_round_end();
}

void StreamConnection::on_writable() {
    writing_ = false;
    if (state_ == State::connecting) {
        if (stream_error(descriptor_.native_handle())) return close(ConnectionEnd::unreachable);
        state_ = State::open;
        wait_readable();
    }
    flush();
    set_.receiver().on_round_end();
}

bool StreamConnection::read_some() {
    const bool fresh = pending_.empty();
    const std::size_t held = pending_.capacity();
    const std::span<char> room = fresh ? set_.scratch() : pending_.room();
    const ssize_t count = ::recv(descriptor_.native_handle(), room.data(), room.size(), 0);
    if (count < 0) {
        if (errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) close(ConnectionEnd::error);
        return false;
    }
    if (count == 0) {
        close(ConnectionEnd::peer);
        return false;
    }
    if (state_ != State::open) return true;  // lingering
    const auto size = static_cast<std::size_t>(count);
    if (!fresh) pending_.commit(size);
    const std::string_view bytes = fresh ? std::string_view{room.data(), size} : pending_.view();
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
    return size == room.size();
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
                active_ = set_.now();
                static_cast<void>(send({}, kPong));
                break;
            case StreamFrame::What::message:
                active_ = set_.now();
                awaiting_ = awaits_answer(taken);
                if (!set_.receiver().on_message(incoming(taken))) linger();
                break;
            case StreamFrame::What::broken:
                set_.receiver().on_broken(incoming(taken), frame.error);
                linger();
                break;
        }
        done += frame.size;
    }
    return done;
}

Incoming StreamConnection::incoming(std::string_view bytes) const noexcept {
    return {bytes, peer_.endpoint, peer_.listener, id_, peer_.server};
}

bool StreamConnection::send(const Outcome& outcome, std::string_view bytes) {
    if (state_ == State::lingering || state_ == State::shut) return false;
    if (!queue_.takes(bytes.size())) flush();
    if (!queue_.takes(bytes.size())) return false;
    if (queue_.empty()) waits_ = set_.now();
    queue_.add(outcome, bytes);
    if (outcome.what == Outcome::What::forwarded) known_ = true;
    if (outcome.sends()) awaiting_ = awaits_answer(bytes);
    if (!dirty_) set_.flush_later(*this);
    dirty_ = true;
    return true;
}

void StreamConnection::flush() {
    dirty_ = false;
    if (state_ != State::open && state_ != State::lingering) return;
    while (!queue_.empty()) {
        const std::string_view waiting = queue_.waiting();
        const ssize_t count = ::send(descriptor_.native_handle(), waiting.data(), waiting.size(), MSG_NOSIGNAL);
        if (count < 0) {
            if (errno == EINTR) continue;
            if (errno == EAGAIN || errno == EWOULDBLOCK) return wait_writable();
            return close(ConnectionEnd::error);
        }
        waits_ = set_.now();
        queue_.written(static_cast<std::size_t>(count),
                       [this](const Outcome& outcome) { set_.receiver().on_sent(outcome, std::nullopt); });
    }
    if (state_ == State::lingering) ::shutdown(descriptor_.native_handle(), SHUT_WR);
}

/// Closing at once would reset the connection, and our last answer with it, while the peer still writes.
void StreamConnection::linger() {
    if (state_ != State::open) return;
    state_ = State::lingering;
    since_ = set_.now();
    if (!dirty_) set_.flush_later(*this);
    dirty_ = true;
}

std::optional<ConnectionEnd> StreamConnection::overdue(std::uint32_t now) const noexcept {
    const auto passed = [now](std::uint32_t since, std::uint32_t most) { return now - since > most; };
    if (state_ == State::connecting)
        return passed(since_, kConnectSeconds) ? std::optional{ConnectionEnd::unreachable} : std::nullopt;
    if (state_ == State::lingering)
        return passed(since_, kLingerSeconds) ? std::optional{ConnectionEnd::broken} : std::nullopt;
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
    state_ = State::shut;
    queue_.lost([this, why](const Outcome& outcome) { set_.receiver().on_sent(outcome, why); });
    boost::system::error_code ignored;
    descriptor_.close(ignored);
}

}  // namespace sipsteer
