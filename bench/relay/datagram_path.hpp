#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/relay/socket_name.hpp"

namespace sipsteer::bench {

/// The sent-by of the first Via, an IPv4 address and a port; zeros without one.
inline void read_via(std::string_view bytes, sockaddr_in& out) {
    out.sin_addr.s_addr = 0;
    out.sin_port = 0;
    const std::size_t via = bytes.find("Via: SIP/2.0/UDP ");
    if (via == std::string_view::npos) return;
    const char* at = bytes.data() + via + 17;
    const char* const end = bytes.data() + bytes.size();
    std::uint32_t ip = 0;
    for (int i = 0; i < 4 && at < end; ++i) {
        std::uint8_t part = 0;
        at = std::from_chars(at, end, part).ptr + 1;  // behind the dot, at last behind the colon
        ip = ip << 8 | part;
    }
    if (at >= end) return;
    std::uint16_t port = 0;
    std::from_chars(at, end, port);
    out.sin_addr.s_addr = htonl(ip);
    out.sin_port = htons(port);
}

/// Where a relay's datagrams go: a phone's to the server that its address and port pick, a server's to where
/// the topmost Via of the answer says.
class DatagramPath {
  public:
    explicit DatagramPath(std::vector<sockaddr_in> servers) : servers_(std::move(servers)) {}

    /// From where it came to where it goes.
    void direct(sockaddr_in& address, std::string_view bytes) const {
        for (const sockaddr_in& server : servers_) {
            if (server.sin_addr.s_addr != address.sin_addr.s_addr || server.sin_port != address.sin_port)
                continue;
            return read_via(bytes, address);
        }
        address = servers_[(ntohl(address.sin_addr.s_addr) + ntohs(address.sin_port)) % servers_.size()];
    }

  private:
    std::vector<sockaddr_in> servers_;
};

/// A bound UDP socket with large buffers; below 0: errno says why.
inline int open_datagram_socket(const sockaddr_in& listen) {
    constexpr int kBufferBytes = 8 << 20;
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    for (const int option : {SO_RCVBUF, SO_SNDBUF, SO_RCVBUFFORCE, SO_SNDBUFFORCE})
        ::setsockopt(fd, SOL_SOCKET, option, &kBufferBytes, sizeof kBufferBytes);
    return fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&listen), sizeof listen) != 0 ? -1 : fd;
}

/// The main function of a relay of datagrams, AnyRelay{fd, path}.
template <class AnyRelay>
int serve(int argc, char** argv) {
    sockaddr_in listen{};
    std::vector<sockaddr_in> servers;
    if (!read_addresses(argc, argv, listen, servers)) return 2;
    const int fd = open_datagram_socket(listen);
    if (fd < 0) {
        std::perror(argv[0]);
        return 1;
    }
    AnyRelay{fd, DatagramPath{std::move(servers)}}.run();
    return 1;
}

}  // namespace sipsteer::bench
