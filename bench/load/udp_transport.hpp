#pragma once

#include <sys/socket.h>

#include <memory>
#include <vector>

#include "bench/load/options.hpp"
#include "bench/load/transport.hpp"

namespace sipsteer::load {

/// A socket for each end; recvmmsg and sendmmsg.
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
    struct Outgoing {
        sockaddr_in to;
        iovec bytes;
        Time* stamp;
    };
    struct Port {
        int fd;
        std::vector<Outgoing> queue;
    };

    void open(const Address& address);
    void receive(PortIndex port, Receiver& receiver);
    void flush();
    void flush(Port& port);

    static constexpr std::size_t kBatch = 64;

    int epoll_;
    std::vector<Port> ports_;
    std::vector<PortIndex> dirty_;  // ports whose queue is not empty
    std::unique_ptr<char[]> incoming_;
    std::unique_ptr<char[]> outgoing_;
    std::size_t used_ = 0;  // of outgoing_
    std::uint64_t refused_ = 0;
    mmsghdr headers_[kBatch]{};
    iovec vectors_[kBatch]{};
    sockaddr_in addresses_[kBatch]{};
};

}  // namespace sipsteer::load
