#include "proxy/stream_socket.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>

#include "proxy/socket_address.hpp"

namespace sipsteer {
namespace {

constexpr int kBacklog = 1024;

/// A peer that vanished is noticed within 90 s, whether we wait for it or it for us.
constexpr int kKeepIdleSeconds = 45;
constexpr int kKeepPauseSeconds = 15;
constexpr int kKeepProbes = 3;
constexpr int kUnackedMilliseconds = 60'000;

void set(int fd, int level, int name, int value) noexcept {
    static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

boost::system::error_code last_error() noexcept { return {errno, boost::system::system_category()}; }

int give_up(int fd, boost::system::error_code& error) noexcept {
    error = last_error();
    if (fd >= 0) ::close(fd);
    return -1;
}

void set_stream_options(int fd) noexcept {
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, kKeepIdleSeconds);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, kKeepPauseSeconds);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, kKeepProbes);
    set(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnackedMilliseconds);
}

int open_stream(const Endpoint& at, std::uint8_t dscp) noexcept {
    const int fd =
        ::socket(at.address.v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) return fd;
    if (at.address.v6) set(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
    if (dscp != 0)
        set(fd, at.address.v6 ? IPPROTO_IPV6 : IPPROTO_IP, at.address.v6 ? IPV6_TCLASS : IP_TOS, dscp << 2);
    return fd;
}

int bind_to(int fd, const IpAddress& address, std::uint16_t port) noexcept {
    SocketAddress at;
    to_socket_address(address, port, at);
    return ::bind(fd, reinterpret_cast<const sockaddr*>(&at.storage), at.size);
}

}  // namespace

int listen_stream(const Endpoint& bind, std::uint8_t dscp, boost::system::error_code& error) {
    const int fd = open_stream(bind, dscp);
    if (fd < 0) return give_up(fd, error);
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    set(fd, SOL_SOCKET, SO_REUSEPORT, 1);
    if (bind_to(fd, bind.address, bind.port) != 0 || ::listen(fd, kBacklog) != 0) return give_up(fd, error);
    return fd;
}

boost::system::error_code probe_stream(const Endpoint& bind) {
    boost::system::error_code error;
    const int fd = open_stream(bind, 0);
    if (fd < 0) return last_error();
    // Connections that have just ended are no obstacle, a listener is.
    set(fd, SOL_SOCKET, SO_REUSEADDR, 1);
    if (bind_to(fd, bind.address, bind.port) != 0) error = last_error();
    ::close(fd);
    return error;
}

int accept_stream(int listener, Transport transport, Endpoint& peer, boost::system::error_code& error) {
    sockaddr_storage from{};
    socklen_t size = sizeof from;
    const int fd =
        ::accept4(listener, reinterpret_cast<sockaddr*>(&from), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return give_up(fd, error);
    set_stream_options(fd);
    peer = to_endpoint(from, transport);
    return fd;
}

int connect_stream(const Endpoint& from, const Endpoint& to, std::uint8_t dscp,
                   boost::system::error_code& error) {
    const int fd = open_stream(to, dscp);
    if (fd < 0) return give_up(fd, error);
    set_stream_options(fd);
    // The port is chosen at the connect, so that one serves many destinations.
    set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
    if (!from.address.is_unspecified() && bind_to(fd, from.address, 0) != 0) return give_up(fd, error);
    SocketAddress target;
    to_socket_address(to.address, to.port, target);
    if (::connect(fd, reinterpret_cast<const sockaddr*>(&target.storage), target.size) != 0 &&
        errno != EINPROGRESS) {
        return give_up(fd, error);
    }
    return fd;
}

boost::system::error_code stream_error(int fd) noexcept {
    int value = 0;
    socklen_t size = sizeof value;
    if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &value, &size) != 0) return last_error();
    return {value, boost::system::system_category()};
}

void raise_descriptor_limit() noexcept {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur == limit.rlim_max) return;
    limit.rlim_cur = limit.rlim_max;
    static_cast<void>(::setrlimit(RLIMIT_NOFILE, &limit));
}

}  // namespace sipsteer
