#pragma once

#include <string>

namespace sipsteer {

/// What is wrong with a certificate chain and its private key, both PEM; empty: nothing.
[[nodiscard]] std::string certificate_error(const std::string& certificate, const std::string& private_key);

/// What is wrong with a file of trusted certificates; empty: nothing.
[[nodiscard]] std::string trust_error(const std::string& file);

/// Days until the certificate is no longer valid; negative: it is not. Precondition: certificate_error() is
/// empty.
[[nodiscard]] int days_left(const std::string& certificate);

}  // namespace sipsteer
