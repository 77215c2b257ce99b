#pragma once

#include <memory>
#include <vector>

#include "bench/load/options.hpp"
#include "bench/load/stream.hpp"
#include "bench/load/text.hpp"

namespace sipsteer::load {

/// TCP or TLS: each phone keeps one connection to the proxy; the servers take those that the proxy opens, and
/// answer on them. The address of a message is the number of its connection.
class StreamTransport final : public Transport {
  public:
    /// Connects all phones. Throws std::system_error or std::runtime_error when something of that fails.
    explicit StreamTransport(const Options& options);
    ~StreamTransport() override;
    StreamTransport(const StreamTransport&) = delete;
    StreamTransport& operator=(const StreamTransport&) = delete;

    void turn(Time timeout, Receiver& receiver) override;
    [[nodiscard]] char* slot() override { return slot_.get(); }
    void send(PortIndex port, const Address& to, std::size_t size, Time& stamp) override;
    [[nodiscard]] std::uint64_t refused() const noexcept override { return refused_; }

  private:
    void make_contexts(const Options& options);
    void listen(const Address& address);
    void connect(PortIndex port, const Address& own, const Address& proxy);
    void accept(std::size_t server);
    void add(std::unique_ptr<Stream> stream);
    void close(std::size_t number);
    void flush();
    void watch(int operation, int fd, std::uint32_t events, std::uint64_t number) const;

    int epoll_;
    SslContext client_, server_;
    std::vector<int> listeners_;
    std::vector<std::unique_ptr<Stream>> streams_;  // by number; empty: closed
    std::vector<std::size_t> of_phone_;             // number of each phone's
    std::vector<std::size_t> dirty_;
    std::size_t servers_;
    std::uint64_t refused_ = 0;
    std::unique_ptr<char[]> slot_ = std::make_unique<char[]>(kMaxMessage);
};

}  // namespace sipsteer::load
