// The floor: moves datagrams between phones and servers, one thread, recvmmsg and sendmmsg, and reads no more
// of SIP than where an answer goes. What a proxy costs above it is its own doing.
//
//   relay LISTEN SERVER...      addresses as 127.0.0.1:5060
//
// A phone's datagrams go to the server that its address and port pick. A server's go where the topmost Via of
// the answer says.

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/relay/socket_name.hpp"

namespace {

constexpr unsigned kBatch = 128;
constexpr std::size_t kSlot = 9000;
constexpr int kBufferBytes = 8 << 20;

/// The sent-by of the first Via, an IPv4 address and a port; zeros without one.
void read_via(std::string_view bytes, sockaddr_in& out) {
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

class Relay {
  public:
    Relay(int fd, std::vector<sockaddr_in> servers)
        : fd_(fd), servers_(std::move(servers)), memory_(std::make_unique<char[]>(kBatch * kSlot)) {
        for (unsigned i = 0; i < kBatch; ++i) {
            vectors_[i] = {memory_.get() + i * kSlot, kSlot};
            headers_[i].msg_hdr.msg_name = &addresses_[i];
            headers_[i].msg_hdr.msg_namelen = sizeof addresses_[i];
            headers_[i].msg_hdr.msg_iov = &vectors_[i];
            headers_[i].msg_hdr.msg_iovlen = 1;
        }
    }

    void run() {
        pollfd wait{fd_, POLLIN, 0};
        while (::poll(&wait, 1, -1) >= 0) {
            while (round() == static_cast<int>(kBatch)) {
            }
        }
    }

  private:
    int round() {
        const int count = ::recvmmsg(fd_, headers_, kBatch, MSG_DONTWAIT, nullptr);
        for (int i = 0; i < count; ++i) {
            vectors_[i].iov_len = headers_[i].msg_len;
            direct(addresses_[i], {static_cast<const char*>(vectors_[i].iov_base), headers_[i].msg_len});
        }
        for (int sent = 0; sent < count;) {
            const int done = ::sendmmsg(fd_, headers_ + sent, static_cast<unsigned>(count - sent), 0);
            sent += done > 0 ? done : 1;
        }
        for (int i = 0; i < count; ++i) vectors_[i].iov_len = kSlot;
        return count;
    }

    /// From where it came to where it goes.
    void direct(sockaddr_in& address, std::string_view bytes) {
        for (const sockaddr_in& server : servers_) {
            if (server.sin_addr.s_addr != address.sin_addr.s_addr || server.sin_port != address.sin_port)
                continue;
            return read_via(bytes, address);
        }
        address = servers_[(ntohl(address.sin_addr.s_addr) + ntohs(address.sin_port)) % servers_.size()];
    }

    int fd_;
    std::vector<sockaddr_in> servers_;
    std::unique_ptr<char[]> memory_;
    mmsghdr headers_[kBatch]{};
    iovec vectors_[kBatch]{};
    sockaddr_in addresses_[kBatch]{};
};

}  // namespace

int main(int argc, char** argv) {
    sockaddr_in listen{};
    std::vector<sockaddr_in> servers;
    if (!sipsteer::bench::read_addresses(argc, argv, listen, servers)) return 2;
    const int fd = ::socket(AF_INET, SOCK_DGRAM, 0);
    for (const int option : {SO_RCVBUF, SO_SNDBUF, SO_RCVBUFFORCE, SO_SNDBUFFORCE})
        ::setsockopt(fd, SOL_SOCKET, option, &kBufferBytes, sizeof kBufferBytes);
    if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&listen), sizeof listen) != 0) {
        std::perror("relay");
        return 1;
    }
    Relay{fd, servers}.run();
    return 1;
}
