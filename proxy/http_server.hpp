#pragma once

#include <boost/system/error_code.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "parser/ip_address.hpp"
#include "proxy/http_router.hpp"

namespace boost::asio {
class io_context;
}

namespace sipsteer {

/// Bounds of the server: a scrape or a browser needs a fraction of them.
struct HttpLimits {
    std::size_t connections = 64;  ///< further ones are closed at once
    std::uint32_t header_bytes = 8192;
    std::uint64_t body_bytes = 65536;
    std::uint32_t timeout_ms = 5000;  ///< for one request to arrive, and for its answer to be taken
};

/// Serves a router over HTTP/1.1 on any number of TCP and unix sockets. Everything runs on the
/// io_context's thread (one thread only), and routes must not block. Connections end with it.
class HttpServer {
  public:
    HttpServer(boost::asio::io_context& context, HttpRouter router, HttpLimits limits = {});
    ~HttpServer();  ///< closes the listeners; answers under way still go out
    HttpServer(const HttpServer&) = delete;
    HttpServer& operator=(const HttpServer&) = delete;

    /// Binds and starts to accept. Port 0: the kernel picks one, see port().
    [[nodiscard]] boost::system::error_code listen(const IpAddress& address, std::uint16_t port);

    /// The same on a unix socket, readable and writable by owner and group. A socket file that nobody
    /// listens on any more is replaced.
    [[nodiscard]] boost::system::error_code listen_unix(const std::string& path);

    /// Port of the last successful listen(), else 0.
    [[nodiscard]] std::uint16_t port() const noexcept;

  private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace sipsteer
