#pragma once

#include <openssl/ssl.h>

#include <cstddef>
#include <memory>
#include <string_view>
#include <vector>

#include "bench/load/transport.hpp"

namespace sipsteer::load {

struct SslFree {
    void operator()(SSL* ssl) const noexcept { SSL_free(ssl); }
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using SslSession = std::unique_ptr<SSL, SslFree>;
using SslContext = std::unique_ptr<SSL_CTX, SslFree>;

/// One TCP or TLS connection that carries messages. Owns its socket, which does not block.
class Stream {
  public:
    /// `port`: the end it belongs to. `session`: none over TCP; already bound to `fd` over TLS.
    Stream(int fd, PortIndex port, SslSession session) noexcept;
    ~Stream();
    Stream(const Stream&) = delete;
    Stream& operator=(const Stream&) = delete;

    /// Reads what is there and calls take(message) for each that is complete. False once it is closed.
    template <class Take>
    [[nodiscard]] bool read(Take take) {
        const bool open = fill();
        std::size_t begin = 0;
        while (const std::size_t size = message_size(begin)) {
            take(std::string_view{incoming_.data() + begin, size});
            begin += size;
        }
        consume(begin);
        return open;
    }

    void queue(std::string_view message, Time& stamp);
    /// Sends what is queued, as far as that goes; the rest waits for the socket. False once it is closed.
    [[nodiscard]] bool flush();

    [[nodiscard]] bool has_rest() const noexcept { return sent_ < outgoing_.size(); }
    [[nodiscard]] int fd() const noexcept { return fd_; }
    [[nodiscard]] PortIndex port() const noexcept { return port_; }

  private:
    bool fill();
    /// Of the message at `begin`, by its Content-Length; 0 when it is not complete.
    [[nodiscard]] std::size_t message_size(std::size_t begin) const noexcept;
    void consume(std::size_t size) noexcept;
    /// Bytes read or written; 0: not now; -1: closed.
    [[nodiscard]] long read_some(char* to, std::size_t size) noexcept;
    [[nodiscard]] long write_some(const char* from, std::size_t size) noexcept;

    int fd_;
    PortIndex port_;
    SslSession session_;
    std::vector<char> incoming_;
    std::size_t filled_ = 0;  // of incoming_
    std::vector<char> outgoing_;
    std::size_t sent_ = 0;  // of outgoing_
    std::vector<Time*> stamps_;
};

}  // namespace sipsteer::load
