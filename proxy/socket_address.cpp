#include "proxy/socket_address.hpp"

#include <algorithm>
#include <cstring>

namespace sipsteer {

void to_socket_address(const IpAddress& address, std::uint16_t port, SocketAddress& out) noexcept {
    if (address.v6) {
        sockaddr_in6 v6{};
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        std::memcpy(&v6.sin6_addr, address.bytes.data(), 16);
        std::memcpy(&out.storage, &v6, sizeof v6);
        out.size = sizeof v6;
        return;
    }
    sockaddr_in v4{};
    v4.sin_family = AF_INET;
    v4.sin_port = htons(port);
    std::memcpy(&v4.sin_addr, address.bytes.data(), 4);
    std::memcpy(&out.storage, &v4, sizeof v4);
    out.size = sizeof v4;
}

void to_endpoint(const sockaddr_storage& storage, Transport transport, Endpoint& out) noexcept {
    out.transport = transport;
    out.address = {};
    if (storage.ss_family == AF_INET6) {
        sockaddr_in6 v6{};
        std::memcpy(&v6, &storage, sizeof v6);
        out.port = ntohs(v6.sin6_port);
        if (IN6_IS_ADDR_V4MAPPED(&v6.sin6_addr)) {
            std::memcpy(out.address.bytes.data(), v6.sin6_addr.s6_addr + 12, 4);
        } else {
            out.address.v6 = true;
            std::memcpy(out.address.bytes.data(), &v6.sin6_addr, 16);
        }
        return;
    }
    sockaddr_in v4{};
    std::memcpy(&v4, &storage, sizeof v4);
    out.port = ntohs(v4.sin_port);
    std::memcpy(out.address.bytes.data(), &v4.sin_addr, 4);
}

}  // namespace sipsteer
