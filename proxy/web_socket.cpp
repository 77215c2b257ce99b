#include "proxy/web_socket.hpp"

#include <boost/beast/core/buffers_to_string.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>
#include <boost/beast/websocket/rfc6455.hpp>
#include <boost/beast/websocket/stream.hpp>
#include <utility>

#include "proxy/memory_stream.hpp"

namespace sipsteer {
namespace {

namespace beast = boost::beast;
namespace http = beast::http;
namespace websocket = beast::websocket;

constexpr std::size_t kMaxHandshake = 8192;
constexpr const char* kSubprotocol = "sip";  // RFC 7118 §4

bool asks_for_sip(const http::request<http::empty_body>& request) {
    http::token_list offered{request[http::field::sec_websocket_protocol]};
    return offered.exists(kSubprotocol);
}

}  // namespace

class WebSocket::Session : public std::enable_shared_from_this<Session> {
  public:
    Session(boost::asio::io_context& context, std::size_t message_bytes, Listener listener)
        : listener_(std::move(listener)), socket_(context) {
        socket_.read_message_max(message_bytes);
        socket_.auto_fragment(false);
        socket_.text(true);
        socket_.set_option(websocket::stream_base::decorator([](websocket::response_type& response) {
            response.set(http::field::sec_websocket_protocol, kSubprotocol);
        }));
        stream().on_output([this](std::string_view bytes) { write(bytes); });
    }

    void start() {
        parser_.header_limit(kMaxHandshake);
        parser_.body_limit(0);
        http::async_read(stream(), buffer_, parser_,
                         [self = shared_from_this()](beast::error_code error, std::size_t) {
                             if (error) return self->end();
                             self->upgrade();
                         });
    }

    void feed(std::string_view bytes) { stream().feed(bytes); }
    [[nodiscard]] bool is_open() const noexcept { return open_; }

    std::string frame(std::string_view message) {
        framing_ = true;
        beast::error_code error;
        socket_.write(boost::asio::buffer(message.data(), message.size()), error);
        framing_ = false;
        return std::exchange(framed_, {});
    }

    /// The owner goes: nobody is told anything more.
    void forget() {
        listener_ = {};
        stream().end();
    }

  private:
    MemoryStream& stream() { return socket_.next_layer(); }

    void write(std::string_view bytes) {
        if (framing_) {
            framed_.append(bytes);
        } else if (listener_.output) {
            listener_.output(bytes);
        }
    }

    void upgrade() {
        const auto request = parser_.release();
        if (!websocket::is_upgrade(request)) return refuse(request, http::status::upgrade_required);
        if (!asks_for_sip(request)) return refuse(request, http::status::bad_request);
        // Whoever did not wait for our answer.
        const std::string early = beast::buffers_to_string(buffer_.data());
        buffer_.consume(buffer_.size());
        stream().feed(early);
        socket_.async_accept(request, [self = shared_from_this()](beast::error_code error) {
            if (error) return self->end();
            self->open_ = true;
            self->read();
        });
    }

    void refuse(const http::request<http::empty_body>& request, http::status status) {
        http::response<http::string_body> response{status, request.version(),
                                                   "WebSocket with subprotocol sip\n"};
        response.set(http::field::connection, "close");
        if (status == http::status::upgrade_required) response.set(http::field::upgrade, "websocket");
        response.prepare_payload();
        beast::error_code ignored;
        http::write(stream(), response, ignored);
        end();
    }

    void read() {
        socket_.async_read(buffer_, [self = shared_from_this()](beast::error_code error, std::size_t) {
            if (error) return self->end();
            const auto data = self->buffer_.data();
            if (self->listener_.message)
                self->listener_.message({static_cast<const char*>(data.data()), data.size()});
            // Given back while idle.
            self->buffer_ = beast::flat_buffer{};
            self->read();
        });
    }

    void end() {
        open_ = false;
        if (listener_.ended) listener_.ended();
    }

    Listener listener_;
    websocket::stream<MemoryStream> socket_;
    beast::flat_buffer buffer_;
    http::request_parser<http::empty_body> parser_;
    std::string framed_;
    bool framing_ = false;
    bool open_ = false;
};

WebSocket::WebSocket(boost::asio::io_context& context, std::size_t message_bytes, Listener listener)
    : session_(std::make_shared<Session>(context, message_bytes, std::move(listener))) {
    session_->start();
}

WebSocket::~WebSocket() { session_->forget(); }

void WebSocket::feed(std::string_view bytes) { session_->feed(bytes); }
bool WebSocket::is_open() const noexcept { return session_->is_open(); }
std::string WebSocket::frame(std::string_view message) { return session_->frame(message); }

}  // namespace sipsteer
