#include "proxy/tls_context.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <stdexcept>

#include "parser/ip_address.hpp"
#include "proxy/tls_certificate.hpp"

namespace sipsteer {
namespace {

/// TLS 1.2; those of 1.3 are all AEAD.
constexpr const char* kCiphers = "ECDHE+AESGCM:ECDHE+CHACHA20";
/// A client that comes again needs one; each costs a record.
constexpr std::size_t kTickets = 1;

int verify_mode(Config::VerifyClient verify) {
    switch (verify) {
        case Config::VerifyClient::none: return SSL_VERIFY_NONE;
        case Config::VerifyClient::optional: return SSL_VERIFY_PEER;
        case Config::VerifyClient::required: return SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
    }
    return SSL_VERIFY_NONE;
}

/// `argument` is the list of contexts; the first whose certificate names the host is taken.
int on_server_name(SSL* session, int*, void* argument) {
    const char* const name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    if (name == nullptr) return SSL_TLSEXT_ERR_NOACK;
    for (SSL_CTX* context : *static_cast<const std::vector<SSL_CTX*>*>(argument)) {
        if (X509_check_host(SSL_CTX_get0_certificate(context), name, 0, 0, nullptr) != 1) continue;
        SSL_set_SSL_CTX(session, context);
        return SSL_TLSEXT_ERR_OK;
    }
    return SSL_TLSEXT_ERR_NOACK;
}

}  // namespace

void TlsContext::Free::operator()(ssl_ctx_st* context) const noexcept { SSL_CTX_free(context); }

TlsContext::TlsContext(const Config& config) {
    const Config::Certificate first{config.tls.certificate, config.tls.private_key};
    client_ = make(config.tls, first, false);
    if (first.certificate.empty()) return;
    servers_.push_back(make(config.tls, first, true));
    for (const Config::Certificate& pair : config.tls_certificates) {
        servers_.push_back(make(config.tls, pair, true));
    }
    choose_by_name();
}

TlsContext::~TlsContext() = default;

TlsContext::Context TlsContext::make(const Config::Tls& tls, const Config::Certificate& pair,
                                     bool accepts) const {
    if (!pair.certificate.empty()) {
        if (auto error = certificate_error(pair.certificate, pair.private_key); !error.empty())
            throw std::runtime_error(error);
    }
    Context context{SSL_CTX_new(accepts ? TLS_server_method() : TLS_client_method())};
    SSL_CTX* const raw = context.get();
    SSL_CTX_set_min_proto_version(raw, TLS1_2_VERSION);
    SSL_CTX_set_cipher_list(raw, kCiphers);
    SSL_CTX_set_options(raw,
                        SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION | SSL_OP_CIPHER_SERVER_PREFERENCE);
    SSL_CTX_set_mode(
        raw, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_read_ahead(raw, 1);  // one read for what is there, not two for each record
    SSL_CTX_set_session_cache_mode(raw, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(raw, kTickets);
    constexpr unsigned char kSessions[] = "sipsteer";
    SSL_CTX_set_session_id_context(raw, kSessions, sizeof kSessions - 1);
    if (!pair.certificate.empty()) {
        SSL_CTX_use_certificate_chain_file(raw, pair.certificate.c_str());
        SSL_CTX_use_PrivateKey_file(raw, pair.private_key.c_str(), SSL_FILETYPE_PEM);
    }
    if (!tls.ca.empty()) {
        if (SSL_CTX_load_verify_file(raw, tls.ca.c_str()) != 1) throw std::runtime_error(trust_error(tls.ca));
        if (accepts) SSL_CTX_set_client_CA_list(raw, SSL_load_client_CA_file(tls.ca.c_str()));
    } else if (!accepts) {
        SSL_CTX_set_default_verify_paths(raw);
    }
    SSL_CTX_set_verify(raw, accepts ? verify_mode(tls.verify_client) : SSL_VERIFY_PEER, nullptr);
    ERR_clear_error();
    return context;
}

void TlsContext::choose_by_name() {
    for (const Context& context : servers_) by_name_.push_back(context.get());
    // The macros of the library for these two are C casts.
    SSL_CTX_callback_ctrl(servers_.front().get(), SSL_CTRL_SET_TLSEXT_SERVERNAME_CB,
                          reinterpret_cast<void (*)()>(on_server_name));
    SSL_CTX_set_tlsext_servername_arg(servers_.front().get(), &by_name_);
}

std::unique_ptr<TlsSession> TlsContext::accept(int fd) const {
    if (servers_.empty()) return nullptr;
    SSL* const session = SSL_new(servers_.front().get());
    SSL_set_fd(session, fd);
    SSL_set_accept_state(session);
    return std::make_unique<TlsSession>(session, shared_from_this());
}

std::unique_ptr<TlsSession> TlsContext::connect(int fd, const std::string& host) const {
    SSL* const session = SSL_new(client_.get());
    SSL_set_fd(session, fd);
    SSL_set_connect_state(session);
    if (parse_ip(host)) {
        X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), host.c_str());
    } else {
        SSL_set1_host(session, host.c_str());
        SSL_ctrl(session, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name, std::string{host}.data());
    }
    return std::make_unique<TlsSession>(session, shared_from_this());
}

}  // namespace sipsteer
