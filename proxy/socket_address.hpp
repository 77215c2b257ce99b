#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include "routing/endpoint.hpp"

namespace sipsteer {

/// An Endpoint in the form of the socket calls.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
};

void to_socket_address(const IpAddress& address, std::uint16_t port, SocketAddress& out) noexcept;

/// Precondition: AF_INET or AF_INET6, as from a socket of ours. An IPv4-mapped address becomes IPv4.
void to_endpoint(const sockaddr_storage& storage, Transport transport, Endpoint& out) noexcept;
[[nodiscard]] inline Endpoint to_endpoint(const sockaddr_storage& storage, Transport transport) noexcept {
    Endpoint endpoint;
    to_endpoint(storage, transport, endpoint);
    return endpoint;
}

}  // namespace sipsteer
