#include "proxy/http_server.hpp"

#include <sys/stat.h>
#include <unistd.h>

// GCC 12 takes Asio's thread-local context for a null pointer.
#pragma GCC diagnostic ignored "-Wnull-dereference"
// Under the sanitizers it takes an empty boost::optional of Beast for one that is read.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <algorithm>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/basic_stream.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>
#include <vector>

namespace sipsteer {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

/// TCP and unix sockets alike, so that everything below is compiled once.
using Stream = asio::generic::stream_protocol;

struct Shared {
    HttpRouter router;
    HttpLimits limits;
    std::size_t connections = 0;
};

/// One connection: request, answer, request, ... Keeps itself alive through its handlers.
class Session : public std::enable_shared_from_this<Session> {
  public:
    Session(Stream::socket socket, std::shared_ptr<Shared> shared)
        : stream_(std::move(socket)),
          buffer_(shared->limits.header_bytes + 4096),
          shared_(std::move(shared)) {
        ++shared_->connections;
    }
    ~Session() { --shared_->connections; }
    Session(const Session&) = delete;
    Session& operator=(const Session&) = delete;

    void read() {
        parser_.emplace();
        parser_->header_limit(shared_->limits.header_bytes);
        parser_->body_limit(shared_->limits.body_bytes);
        start_timeout();
        http::async_read(
            stream_, buffer_, *parser_,
            [self = shared_from_this()](error_code failure, std::size_t) { self->on_read(failure); });
    }

  private:
    void start_timeout() { stream_.expires_after(std::chrono::milliseconds(shared_->limits.timeout_ms)); }

    void on_read(error_code failure) {
        if (failure == http::error::header_limit)
            return write(http_error(431, "header too large"), true, false);
        if (failure == http::error::body_limit) return write(http_error(413, "body too large"), true, false);
        if (failure == http::error::end_of_stream) return close();
        if (failure && failure.category() == make_error_code(http::error::bad_method).category()) {
            return write(http_error(400, "bad request"), true, false);
        }
        if (failure) return;  // timed out or reset: the socket is closed with us
        const auto& request = parser_->get();
        const auto method = request.method_string();
        const auto target = request.target();
        const auto response = shared_->router.answer({method.data(), method.size()},
                                                     {target.data(), target.size()}, request.body());
        write(response, request.method() != http::verb::head, request.keep_alive());
    }

    /// Without the body, but with its length, for HEAD (RFC 9110 §9.3.2).
    void write(const HttpResponse& response, bool with_body, bool keep_alive) {
        message_ = {};
        message_.version(parser_->is_header_done() ? parser_->get().version() : 11U);
        message_.result(response.status);
        message_.set(http::field::content_type, response.content_type);
        message_.set(http::field::cache_control, "no-store");
        message_.set("X-Content-Type-Options", "nosniff");
        for (const auto& [name, value] : response.headers) message_.set(name, value);
        message_.content_length(response.body.size());
        message_.keep_alive(keep_alive);
        if (with_body) message_.body() = response.body;
        start_timeout();
        http::async_write(stream_, message_,
                          [self = shared_from_this(), keep_alive](error_code failure, std::size_t) {
                              if (failure) return;
                              if (keep_alive) return self->read();
                              self->close();
                          });
    }

    void close() {
        error_code ignored;
        stream_.socket().shutdown(Stream::socket::shutdown_send, ignored);
    }

    beast::basic_stream<Stream> stream_;
    beast::flat_buffer buffer_;
    std::optional<http::request_parser<http::string_body>> parser_;
    http::response<http::string_body> message_;
    std::shared_ptr<Shared> shared_;
};

/// A socket that accepts until it is closed.
class Acceptor : public std::enable_shared_from_this<Acceptor> {
  public:
    Acceptor(asio::io_context& context, std::shared_ptr<Shared> shared)
        : acceptor_(context), pause_(context), shared_(std::move(shared)) {}

    error_code open(const Stream::endpoint& endpoint) {
        error_code failure;
        acceptor_.open(endpoint.protocol(), failure);
        if (failure) return failure;
        if (endpoint.protocol().family() == AF_UNIX) {
            // The socket file gets the mode of the socket: no moment in which others could connect.
            ::fchmod(acceptor_.native_handle(), S_IRUSR | S_IWUSR | S_IRGRP | S_IWGRP);
        } else {
            acceptor_.set_option(asio::socket_base::reuse_address(true), failure);
        }
        if (!failure) acceptor_.bind(endpoint, failure);
        if (!failure) acceptor_.listen(asio::socket_base::max_listen_connections, failure);
        return failure;
    }

    void accept() {
        acceptor_.async_accept([self = shared_from_this()](error_code failure, Stream::socket socket) {
            if (!self->acceptor_.is_open()) return;
            if (failure) return self->retry();
            auto& shared = *self->shared_;
            if (shared.connections < shared.limits.connections) {
                std::make_shared<Session>(std::move(socket), self->shared_)->read();
            }
            self->accept();
        });
    }

    void close() {
        error_code ignored;
        acceptor_.close(ignored);
        pause_.cancel();
    }

    [[nodiscard]] Stream::endpoint endpoint() const { return acceptor_.local_endpoint(); }

  private:
    /// Out of file descriptors: try again soon, but do not spin.
    void retry() {
        pause_.expires_after(std::chrono::milliseconds(100));
        pause_.async_wait([self = shared_from_this()](error_code failure) {
            if (!failure) self->accept();
        });
    }

    asio::basic_socket_acceptor<Stream> acceptor_;
    asio::steady_timer pause_;
    std::shared_ptr<Shared> shared_;
};

asio::ip::address to_asio(const IpAddress& address) {
    if (address.v6) return asio::ip::address_v6(address.bytes);
    asio::ip::address_v4::bytes_type bytes{};
    std::copy_n(address.bytes.begin(), bytes.size(), bytes.begin());
    return asio::ip::address_v4(bytes);
}

/// Removes the socket file of a process that is gone.
void remove_stale(asio::io_context& context, const asio::local::stream_protocol::endpoint& endpoint) {
    struct stat status {};
    const auto path = endpoint.path();
    if (::lstat(path.c_str(), &status) != 0 || !S_ISSOCK(status.st_mode)) return;
    asio::local::stream_protocol::socket probe(context);
    error_code failure;
    probe.connect(endpoint, failure);
    if (failure == asio::error::connection_refused) ::unlink(path.c_str());
}

}  // namespace

struct HttpServer::State {
    State(asio::io_context& io, HttpRouter router, HttpLimits limits)
        : context(io), shared(std::make_shared<Shared>(Shared{std::move(router), limits})) {}

    asio::io_context& context;
    std::shared_ptr<Shared> shared;
    std::vector<std::shared_ptr<Acceptor>> acceptors;
    std::uint16_t port = 0;

    error_code listen(const Stream::endpoint& endpoint) {
        auto acceptor = std::make_shared<Acceptor>(context, shared);
        if (const auto failure = acceptor->open(endpoint)) return failure;
        acceptor->accept();
        acceptors.push_back(std::move(acceptor));
        return {};
    }
};

HttpServer::HttpServer(asio::io_context& context, HttpRouter router, HttpLimits limits)
    : state_(std::make_shared<State>(context, std::move(router), limits)) {}

HttpServer::~HttpServer() {
    for (const auto& acceptor : state_->acceptors) acceptor->close();
}

error_code HttpServer::listen(const IpAddress& address, std::uint16_t port) {
    const auto failure = state_->listen(asio::ip::tcp::endpoint(to_asio(address), port));
    if (failure) return failure;
    const auto bound = state_->acceptors.back()->endpoint();
    asio::ip::tcp::endpoint endpoint;
    std::memcpy(endpoint.data(), bound.data(), std::min(bound.size(), endpoint.capacity()));
    state_->port = endpoint.port();
    return {};
}

error_code HttpServer::listen_unix(const std::string& path) {
    // Longer paths make the endpoint's constructor throw.
    if (path.empty() || path.size() >= sizeof(sockaddr_un::sun_path))
        return make_error_code(boost::system::errc::filename_too_long);
    const asio::local::stream_protocol::endpoint endpoint(path);
    remove_stale(state_->context, endpoint);
    return state_->listen(endpoint);
}

std::uint16_t HttpServer::port() const noexcept { return state_->port; }

}  // namespace sipsteer
