#include "proxy/tls_certificate.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>

namespace sipsteer {
namespace {

struct FreeContext {
    void operator()(SSL_CTX* context) const noexcept { SSL_CTX_free(context); }
};
using Context = std::unique_ptr<SSL_CTX, FreeContext>;

Context new_context() {
    ERR_clear_error();
    return Context{SSL_CTX_new(TLS_method())};
}

/// The newest reason that OpenSSL gives, without its codes.
std::string reason() {
    const unsigned long code = ERR_peek_last_error();
    const char* const text = code == 0 ? nullptr : ERR_reason_error_string(code);
    ERR_clear_error();
    return text == nullptr ? "cannot be read" : text;
}

}  // namespace

std::string certificate_error(const std::string& certificate, const std::string& private_key) {
    const Context context = new_context();
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1)
        return certificate + ": " + reason();
    if (SSL_CTX_use_PrivateKey_file(context.get(), private_key.c_str(), SSL_FILETYPE_PEM) != 1)
        return private_key + ": " + reason();
    if (SSL_CTX_check_private_key(context.get()) != 1)
        return private_key + " is not the key of " + certificate + ": " + reason();
    return {};
}

std::string trust_error(const std::string& file) {
    const Context context = new_context();
    return SSL_CTX_load_verify_file(context.get(), file.c_str()) == 1 ? std::string{}
                                                                      : file + ": " + reason();
}

int days_left(const std::string& certificate) {
    const Context context = new_context();
    if (SSL_CTX_use_certificate_chain_file(context.get(), certificate.c_str()) != 1) return 0;
    int days = 0;
    int seconds = 0;
    if (ASN1_TIME_diff(&days, &seconds, nullptr,
                       X509_get0_notAfter(SSL_CTX_get0_certificate(context.get()))) != 1) {
        return 0;
    }
    return days == 0 && seconds < 0 ? -1 : days;
}

}  // namespace sipsteer
