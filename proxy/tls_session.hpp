#pragma once

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "proxy/stream_io.hpp"

struct ssl_st;

namespace sipsteer {

/// One TLS connection over a non-blocking socket; waits for nothing itself. Its buffers go back to the
/// heap while it is idle.
class TlsSession {
  public:
    /// `session` becomes its own; `context`: what must outlive it. TlsContext makes it.
    TlsSession(ssl_st* session, std::shared_ptr<const void> context) noexcept
        : context_(std::move(context)), session_(session) {}

    [[nodiscard]] StreamIo handshake();
    [[nodiscard]] StreamIoResult read(std::span<char> room);
    [[nodiscard]] StreamIoResult write(std::string_view bytes);
    /// Says that nothing more will be written, as far as the socket takes it.
    void end();

    /// Something was taken from the socket that read() has not given yet, of which the socket does not tell:
    /// the next read() gives it, or wants the rest of a record.
    [[nodiscard]] bool has_pending() const;
    /// The peer showed a certificate that was verified and names `host`, a name or an address.
    [[nodiscard]] bool proves(const std::string& host) const;

  private:
    struct Free {
        void operator()(ssl_st* session) const noexcept;
    };
    [[nodiscard]] StreamIo io_of(int result);

    std::shared_ptr<const void> context_;
    std::unique_ptr<ssl_st, Free> session_;
};

}  // namespace sipsteer
