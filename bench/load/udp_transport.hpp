#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <memory>
#include <vector>

#include "bench/load/options.hpp"
#include "bench/load/transport.hpp"

namespace sipsteer::load {

/// A socket for each server and one for all phones, which differ by their addresses: what a socket for each
/// phone costs the generator would keep it from loading what it measures. recvmmsg and sendmmsg.
class UdpTransport final : public Transport {
  public:
    /// Throws std::system_error when an address cannot be bound.
    explicit UdpTransport(const Options& options);
    ~UdpTransport() override;
    UdpTransport(const UdpTransport&) = delete;
    UdpTransport& operator=(const UdpTransport&) = delete;

    void turn(Time timeout, Receiver& receiver) override;
    [[nodiscard]] char* slot() override;
    void send(PortIndex port, const Address& to, std::size_t size, Time& stamp) override;
    [[nodiscard]] std::uint64_t refused() const noexcept override { return refused_; }

  private:
    /// Room for one IP_PKTINFO: which end a message came to, or is from.
    union Control {
        cmsghdr header;
        char bytes[CMSG_SPACE(sizeof(in_pktinfo))];
    };
    struct Outgoing {
        sockaddr_in to;
        std::uint32_t from;  // host byte order
        iovec bytes;
        Time* stamp;
    };
    struct Socket {
        int fd;
        std::uint32_t first_ip;  // of its first end, host byte order
        PortIndex first_port;
        unsigned ends;
        std::vector<Outgoing> queue{};
    };

    void open(const Address& first, unsigned ends);
    void receive(const Socket& socket, Receiver& receiver);
    void flush();
    void flush(Socket& socket);

    static constexpr std::size_t kBatch = 64;

    int epoll_;
    std::vector<Socket> sockets_;     // the phones' is the last
    std::vector<std::size_t> dirty_;  // sockets whose queue is not empty
    std::unique_ptr<char[]> incoming_;
    std::unique_ptr<char[]> outgoing_;
    std::size_t used_ = 0;  // of outgoing_
    std::uint64_t refused_ = 0;
    mmsghdr headers_[kBatch]{};
    iovec vectors_[kBatch]{};
    sockaddr_in addresses_[kBatch]{};
    Control controls_[kBatch]{};
};

}  // namespace sipsteer::load
