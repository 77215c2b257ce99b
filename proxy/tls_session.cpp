#include "proxy/tls_session.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace sipsteer {

void TlsSession::Free::operator()(ssl_st* session) const noexcept { SSL_free(session); }

StreamIo TlsSession::io_of(int result) {
    switch (SSL_get_error(session_.get(), result)) {
        case SSL_ERROR_WANT_READ: return StreamIo::wants_read;
        case SSL_ERROR_WANT_WRITE: return StreamIo::wants_write;
        case SSL_ERROR_ZERO_RETURN: return StreamIo::closed;
        default: return StreamIo::failed;
    }
}

StreamIo TlsSession::handshake() {
    ERR_clear_error();
    const int result = SSL_do_handshake(session_.get());
    return result == 1 ? StreamIo::done : io_of(result);
}

StreamIoResult TlsSession::read(std::span<char> room) {
    ERR_clear_error();
    StreamIoResult result{StreamIo::done, 0};
    const int done = SSL_read_ex(session_.get(), room.data(), room.size(), &result.size);
    if (done != 1) result.io = io_of(done);
    return result;
}

StreamIoResult TlsSession::write(std::string_view bytes) {
    ERR_clear_error();
    StreamIoResult result{StreamIo::done, 0};
    const int done = SSL_write_ex(session_.get(), bytes.data(), bytes.size(), &result.size);
    if (done != 1) result.io = io_of(done);
    return result;
}

void TlsSession::end() {
    ERR_clear_error();
    static_cast<void>(SSL_shutdown(session_.get()));
}

bool TlsSession::has_pending() const { return SSL_has_pending(session_.get()) == 1; }

bool TlsSession::proves(const std::string& host) const {
    X509* const certificate = SSL_get0_peer_certificate(session_.get());
    if (certificate == nullptr || SSL_get_verify_result(session_.get()) != X509_V_OK) return false;
    return X509_check_host(certificate, host.data(), host.size(), 0, nullptr) == 1 ||
           X509_check_ip_asc(certificate, host.c_str(), 0) == 1;
}

}  // namespace sipsteer
