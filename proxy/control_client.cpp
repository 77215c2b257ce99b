#include "proxy/control_client.hpp"

// GCC 12 takes Asio's thread-local context for a null pointer.
#pragma GCC diagnostic ignored "-Wnull-dereference"
// Under the sanitizers it takes an empty boost::optional of Beast for one that is read.
#pragma GCC diagnostic ignored "-Wmaybe-uninitialized"
#include <sys/un.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <chrono>
#include <optional>

namespace sipsteer {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using boost::system::error_code;

namespace {

constexpr std::chrono::seconds kTimeout{5};

/// Connect, write, read: each step starts the next. `result` stays empty until the end of the chain.
class Exchange {
  public:
    Exchange(asio::io_context& context, http::request<http::string_body> request)
        : socket_(context), request_(std::move(request)) {}

    void start(const std::string& path) {
        socket_.async_connect(asio::local::stream_protocol::endpoint{path}, [this](error_code failure) {
            if (failure) return finish(failure);
            http::async_write(socket_, request_, [this](error_code error, std::size_t) {
                if (error) return finish(error);
                http::async_read(socket_, buffer_, response_,
                                 [this](error_code end, std::size_t) { finish(end); });
            });
        });
    }
    [[nodiscard]] const std::optional<error_code>& result() const noexcept { return result_; }
    [[nodiscard]] ControlAnswer answer() const { return {response_.result_int(), response_.body()}; }

  private:
    void finish(error_code failure) { result_ = failure; }

    asio::local::stream_protocol::socket socket_;
    http::request<http::string_body> request_;
    http::response<http::string_body> response_;
    boost::beast::flat_buffer buffer_;
    std::optional<error_code> result_;
};

}  // namespace

tl::expected<ControlAnswer, std::string> ask_proxy(const std::string& socket, std::string_view method,
                                                   const std::string& target, std::string body) {
    // Longer paths make the endpoint's constructor throw.
    if (socket.empty() || socket.size() >= sizeof(sockaddr_un::sun_path))
        return tl::unexpected(std::string{"no path of a socket"});
    http::request<http::string_body> request;
    request.method_string({method.data(), method.size()});
    request.target(target);
    request.set(http::field::host, "localhost");
    request.body() = std::move(body);
    request.prepare_payload();
    request.keep_alive(false);

    asio::io_context context{1};
    Exchange exchange{context, std::move(request)};
    exchange.start(socket);
    context.run_for(kTimeout);
    if (!exchange.result()) return tl::unexpected(std::string{"no answer within 5 s"});
    if (*exchange.result()) return tl::unexpected(exchange.result()->message());
    return exchange.answer();
}

}  // namespace sipsteer
