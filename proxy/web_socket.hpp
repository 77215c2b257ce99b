#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace sipsteer {

/// The server's side of one WebSocket with subprotocol `sip` (RFC 7118): bytes in, messages out, and the
/// other way round. Moves no bytes itself. One frame is one SIP message.
class WebSocket {
  public:
    /// Called from the io_context, never from within a call of this class, and not after its end.
    struct Listener {
        std::function<void(std::string_view)> message;
        std::function<void(std::string_view)> output;  ///< bytes to write: handshake, pongs, close
        std::function<void()> ended;  ///< refused, closed or broken: after what is to be written
    };

    WebSocket(boost::asio::io_context& context, std::size_t message_bytes, Listener listener);
    ~WebSocket();
    WebSocket(const WebSocket&) = delete;
    WebSocket& operator=(const WebSocket&) = delete;

    /// What the peer has sent.
    void feed(std::string_view bytes);
    /// The handshake is done.
    [[nodiscard]] bool is_open() const noexcept;
    /// The bytes that carry `message`. Precondition: is_open().
    [[nodiscard]] std::string frame(std::string_view message);

  private:
    class Session;
    std::shared_ptr<Session> session_;
};

}  // namespace sipsteer
