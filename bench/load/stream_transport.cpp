#include "bench/load/stream_transport.hpp"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <stdexcept>
#include <system_error>

namespace sipsteer::load {
namespace {

constexpr int kEvents = 256;
constexpr std::uint64_t kListener = std::uint64_t{1} << 32;  // in an event's number

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void set(int fd, int level, int name, int value) {
    static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

int tcp_socket(const Address& own) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    // The next run has the same ports.
    const linger at_once{1, 0};
    static_cast<void>(::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once));
    const sockaddr_in name = to_socket_address(own);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) fail("tcp:" + to_string(own));
    return fd;
}

}  // namespace

StreamTransport::StreamTransport(const Options& options)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)), servers_(options.servers) {
    if (epoll_ < 0) fail("epoll_create1");
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes without MSG_NOSIGNAL
    if (options.wire == Wire::tls) make_contexts(options);
    for (unsigned i = 0; i < options.servers; ++i) {
        listen(options.server(i));
    }
    for (unsigned i = 0; i < options.phones; ++i) {
        connect(static_cast<PortIndex>(options.servers + i), options.phone(i), options.proxy);
    }
}

StreamTransport::~StreamTransport() {
    streams_.clear();
    for (const int fd : listeners_) ::close(fd);
    ::close(epoll_);
}

void StreamTransport::make_contexts(const Options& options) {
    client_.reset(SSL_CTX_new(TLS_client_method()));
    server_.reset(SSL_CTX_new(TLS_server_method()));
    for (SSL_CTX* context : {client_.get(), server_.get()}) {
        SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        if (SSL_CTX_use_certificate_chain_file(context, options.certificate.c_str()) != 1 ||
            SSL_CTX_use_PrivateKey_file(context, options.private_key.c_str(), SSL_FILETYPE_PEM) != 1)
            throw std::runtime_error("TLS wants --certificate and --private-key, PEM");
    }
}

void StreamTransport::watch(int operation, int fd, std::uint32_t events, std::uint64_t number) const {
    epoll_event event{};
    event.events = events;
    event.data.u64 = number;
    if (::epoll_ctl(epoll_, operation, fd, &event) != 0) fail("epoll_ctl");
}

void StreamTransport::listen(const Address& address) {
    const int fd = tcp_socket(address);
    listeners_.push_back(fd);
    if (::listen(fd, 128) != 0) fail("listen");
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, kListener | (listeners_.size() - 1));
}

void StreamTransport::connect(PortIndex port, const Address& own, const Address& proxy) {
    const int fd = tcp_socket(own);
    const sockaddr_in name = to_socket_address(proxy);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0)
        fail("connect to " + to_string(proxy));
    SslSession session;
    if (client_ != nullptr) {
        session.reset(SSL_new(client_.get()));
        SSL_set_fd(session.get(), fd);
        if (SSL_connect(session.get()) != 1)
            throw std::runtime_error("no TLS handshake with " + to_string(proxy));
    }
    of_phone_.push_back(streams_.size());
    add(std::make_unique<Stream>(fd, port, std::move(session)));
}

void StreamTransport::accept(std::size_t server) {
    const int fd = ::accept4(listeners_[server], nullptr, nullptr, SOCK_CLOEXEC);
    if (fd < 0) return;
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    SslSession session;
    if (server_ != nullptr) {
        session.reset(SSL_new(server_.get()));
        SSL_set_fd(session.get(), fd);
        SSL_set_accept_state(session.get());
    }
    add(std::make_unique<Stream>(fd, static_cast<PortIndex>(server), std::move(session)));
}

void StreamTransport::add(std::unique_ptr<Stream> stream) {
    const int fd = stream->fd();
    if (::fcntl(fd, F_SETFL, O_NONBLOCK) != 0) fail("fcntl");
    watch(EPOLL_CTL_ADD, fd, EPOLLIN, streams_.size());
    streams_.push_back(std::move(stream));
}

void StreamTransport::close(std::size_t number) { streams_[number].reset(); }

void StreamTransport::turn(Time timeout, Receiver& receiver) {
    flush();
    epoll_event events[kEvents];
    const timespec wait{timeout / kSecond, timeout % kSecond};
    const int count = ::epoll_pwait2(epoll_, events, kEvents, &wait, nullptr);
    for (int i = 0; i < count; ++i) {
        const std::uint64_t number = events[i].data.u64;
        if ((number & kListener) != 0) {
            accept(number & ~kListener);
            continue;
        }
        Stream* stream = streams_[number].get();
        if (stream == nullptr) continue;
        if ((events[i].events & EPOLLOUT) != 0) dirty_.push_back(number);
        const Time now = clock_now();
        const bool open = stream->read([&](std::string_view message) {
            receiver.receive(stream->port(), {static_cast<std::uint32_t>(number), 0}, message, now);
        });
        if (!open) close(number);
    }
    flush();
}

void StreamTransport::send(PortIndex port, const Address& to, std::size_t size, Time& stamp) {
    const std::size_t number = port < servers_ ? to.ip : of_phone_[port - servers_];
    Stream* stream = number < streams_.size() ? streams_[number].get() : nullptr;
    if (stream == nullptr) {
        ++refused_;
        return;
    }
    if (!stream->has_rest()) dirty_.push_back(number);  // else it is among them, or waits for its socket
    stream->queue({slot_.get(), size}, stamp);
}

void StreamTransport::flush() {
    for (const std::size_t number : dirty_) {
        Stream* stream = streams_[number].get();
        if (stream == nullptr) continue;
        const bool waited = stream->has_rest();
        if (!stream->flush()) {
            close(number);
            continue;
        }
        if (stream->has_rest() != waited || waited)
            watch(EPOLL_CTL_MOD, stream->fd(), stream->has_rest() ? EPOLLIN | EPOLLOUT : EPOLLIN, number);
    }
    dirty_.clear();
}

}  // namespace sipsteer::load
