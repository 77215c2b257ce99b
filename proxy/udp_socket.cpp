#include "proxy/udp_socket.hpp"

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstring>

#include "proxy/fragments.hpp"
#include "proxy/refusals.hpp"
#include "proxy/socket_address.hpp"

namespace sipsteer {
namespace {

namespace asio = boost::asio;

/// A burst of a few thousand datagrams may wait while a worker is not scheduled.
constexpr int kBufferBytes = 8 << 20;

asio::ip::udp::endpoint asio_endpoint(const Endpoint& endpoint) {
    SocketAddress address;
    to_socket_address(endpoint.address, endpoint.port, address);
    asio::ip::udp::endpoint out;
    std::memcpy(out.data(), &address.storage, address.size);
    out.resize(address.size);
    return out;
}

void set(int fd, int level, int name, int value) {
    static_cast<void>(::setsockopt(fd, level, name, &value, sizeof value));
}

/// The forced form passes the system's limit where we may; else the limit is what we get.
void set_buffers(int fd) {
    set(fd, SOL_SOCKET, SO_RCVBUF, kBufferBytes);
    set(fd, SOL_SOCKET, SO_SNDBUF, kBufferBytes);
    set(fd, SOL_SOCKET, SO_RCVBUFFORCE, kBufferBytes);
    set(fd, SOL_SOCKET, SO_SNDBUFFORCE, kBufferBytes);
}

/// The upper six bits of the traffic class; the lower two are ECN's (RFC 3168 §5).
void set_dscp(int fd, bool v6, std::uint8_t dscp) {
    if (dscp != 0) set(fd, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_TCLASS : IP_TOS, dscp << 2);
}

}  // namespace

asio::ip::udp::socket open_udp(asio::io_context& context, const Endpoint& bind, std::uint8_t dscp,
                               boost::system::error_code& error) {
    const asio::ip::udp::endpoint endpoint = asio_endpoint(bind);
    asio::ip::udp::socket socket{context};
    if (socket.open(endpoint.protocol(), error)) return socket;
    if (bind.address.v6 && socket.set_option(asio::ip::v6_only{true}, error)) return socket;
    set(socket.native_handle(), SOL_SOCKET, SO_REUSEPORT, 1);
    set_buffers(socket.native_handle());
    keep_refusals(socket.native_handle(), bind.address.v6);
    set_dscp(socket.native_handle(), bind.address.v6, dscp);
    if (!bind.address.v6) allow_fragments(socket.native_handle(), false);  // SendBatch does where it must
    if (socket.non_blocking(true, error)) return socket;
    if (socket.bind(endpoint, error)) return socket;
    return socket;
}

boost::system::error_code probe_udp(asio::io_context& context, const Endpoint& bind) {
    boost::system::error_code error;
    const asio::ip::udp::endpoint endpoint = asio_endpoint(bind);
    asio::ip::udp::socket socket{context};
    if (socket.open(endpoint.protocol(), error)) return error;
    if (bind.address.v6 && socket.set_option(asio::ip::v6_only{true}, error)) return error;
    socket.bind(endpoint, error);
    return error;
}

}  // namespace sipsteer
