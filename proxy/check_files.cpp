#include <fmt/format.h>

#include <filesystem>
#include <system_error>

#include "proxy/config_check.hpp"
#include "proxy/tls_certificate.hpp"

namespace sipsteer {
namespace {

namespace fs = std::filesystem;

void resolve(std::string& path, const fs::path& base) {
    if (!path.empty() && fs::path(path).is_relative()) path = (base / path).string();
}

bool is_file(const std::string& path) {
    std::error_code failure;
    return fs::exists(path, failure) && !fs::is_directory(path, failure);
}

bool is_missing(const std::string& path) {
    std::error_code failure;
    return fs::status(path, failure).type() == fs::file_type::not_found;
}

bool has_directory(const std::string& path) {
    std::error_code failure;
    const auto parent = fs::path(path).parent_path();
    return parent.empty() || fs::is_directory(parent, failure);
}

void must_exist(const std::string& path, std::string_view key, ConfigIssues& issues) {
    if (!path.empty() && !is_file(path))
        issues.error(key, fmt::format("{} does not exist or is no file", in_quotes(path)));
}

void may_be_made(const std::string& path, std::string_view key, ConfigIssues& issues) {
    if (path.empty() || is_file(path)) return;
    if (!has_directory(path))
        issues.error(key, fmt::format("{}: there is no such directory", in_quotes(path)));
}

constexpr int kSoonExpired = 30;  // days

void check_pair(const Config::Certificate& pair, const std::string& path, ConfigIssues& issues) {
    if (!is_file(pair.certificate) || !is_file(pair.private_key)) return;
    if (const auto error = certificate_error(pair.certificate, pair.private_key); !error.empty())
        return issues.error(path + ".certificate", error);
    if (const int left = days_left(pair.certificate); left < kSoonExpired) {
        issues.warning(path + ".certificate",
                       left < 0 ? fmt::format("{} has expired", in_quotes(pair.certificate))
                                : fmt::format("{} expires in {} days", in_quotes(pair.certificate), left));
    }
}

void check_certificate(const Config::Certificate& pair, const std::string& path, ConfigIssues& issues) {
    must_exist(pair.certificate, path + ".certificate", issues);
    must_exist(pair.private_key, path + ".private_key", issues);
    if (!pair.certificate.empty() && pair.private_key.empty())
        issues.error(path + ".private_key", "is required with certificate");
    if (pair.certificate.empty() && !pair.private_key.empty())
        issues.error(path + ".certificate", "is required with private_key");
    check_pair(pair, path, issues);
}

}  // namespace

void check_files(Config& config, ConfigIssues& issues) {
    const bool from_file = config.file != "command line";
    const fs::path base = from_file ? fs::path(config.file).parent_path() : fs::path();
    for (auto* path : {&config.process.admin_socket, &config.process.table_file, &config.process.key_file,
                       &config.tls.certificate, &config.tls.private_key, &config.tls.ca}) {
        resolve(*path, base);
    }
    for (auto& pair : config.tls_certificates) {
        resolve(pair.certificate, base);
        resolve(pair.private_key, base);
    }
    may_be_made(config.process.table_file, "process.table_file", issues);
    may_be_made(config.process.key_file, "process.key_file", issues);
    if (!config.process.key_file.empty() && has_directory(config.process.key_file) &&
        is_missing(config.process.key_file)) {
        issues.warning("process.key_file",
                       fmt::format("{} is not there yet: it is made at the first start; give every "
                                   "other proxy a copy",
                                   in_quotes(config.process.key_file)));
    }
    must_exist(config.tls.ca, "tls.ca", issues);
    if (is_file(config.tls.ca)) {
        if (const auto error = trust_error(config.tls.ca); !error.empty()) issues.error("tls.ca", error);
    }
    if (config.tls.verify_client != Config::VerifyClient::none && config.tls.ca.empty())
        issues.error("tls.verify_client", "needs tls.ca to verify with");
    check_certificate({config.tls.certificate, config.tls.private_key}, "tls", issues);
    for (std::size_t i = 0; i < config.tls_certificates.size(); ++i) {
        check_certificate(config.tls_certificates[i], fmt::format("tls.certificates[{}]", i), issues);
    }
    if (!config.tls.certificate.empty()) return;
    for (const auto* list : {&config.listen.tls, &config.listen.wss}) {
        if (list->empty()) continue;
        issues.error(list == &config.listen.tls ? "listen.tls" : "listen.wss",
                     "needs [tls] certificate and private_key");
    }
    for (std::size_t i = 0; i < config.listener_entries.size(); ++i) {
        const auto& bind = config.listener_entries[i].bind;
        if (!bind.starts_with("tls:") && !bind.starts_with("wss:")) continue;
        issues.error(fmt::format("listener[{}].bind", i), "needs [tls] certificate and private_key");
    }
}

}  // namespace sipsteer
