#pragma once

#include <memory>
#include <string>
#include <vector>

#include "proxy/config.hpp"
#include "proxy/tls_session.hpp"

struct ssl_ctx_st;

namespace sipsteer {

/// Certificates and policy of TLS: versions 1.2 and 1.3, ECDHE with AEAD only, no renegotiation, no
/// compression, no session cache. Immutable and shared: a reload makes another one, sessions keep theirs.
class TlsContext : public std::enable_shared_from_this<TlsContext> {
  public:
    /// Reads all files of [tls]. Throws std::runtime_error with what is wrong.
    explicit TlsContext(const Config& config);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    /// Sessions over a connected socket, which stays the caller's. A server chooses its certificate by the
    /// name that the client asks for (SNI), else shows the first.
    [[nodiscard]] std::unique_ptr<TlsSession> accept(int fd) const;
    /// A client shows the first certificate, and `host`, a name or an address, must stand in the server's.
    [[nodiscard]] std::unique_ptr<TlsSession> connect(int fd, const std::string& host) const;

  private:
    struct Free {
        void operator()(ssl_ctx_st* context) const noexcept;
    };
    using Context = std::unique_ptr<ssl_ctx_st, Free>;

    [[nodiscard]] Context make(const Config::Tls& tls, const Config::Certificate& pair, bool accepts) const;
    void choose_by_name();

    std::vector<Context> servers_;      ///< one for each certificate; the first is the default
    std::vector<ssl_ctx_st*> by_name_;  ///< the same
    Context client_;
};

}  // namespace sipsteer
