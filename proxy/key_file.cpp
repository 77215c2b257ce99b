#include "proxy/key_file.hpp"

#include <fcntl.h>
#include <sodium/core.h>
#include <sodium/randombytes.h>
#include <sodium/utils.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <system_error>

#include "proxy/folder_access.hpp"

namespace sipsteer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "cluster.key";
using Hex = std::array<char, 2 * std::tuple_size_v<ClusterKey::Secret> + 1>;

std::string error_text() { return std::error_code{errno, std::generic_category()}.message(); }

/// Reads at most one key; a file of another form is refused, not guessed at.
bool read_key(const fs::path& file, ClusterKey::Secret& secret, std::string& error) {
    const int fd = ::open(file.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        error = error_text();
        return false;
    }
    std::array<char, 256> text;
    const ssize_t size = ::read(fd, text.data(), text.size());
    if (size < 0) error = error_text();
    ::close(fd);
    if (size < 0) return false;
    std::size_t length = 0;
    const char* end = nullptr;
    const bool ok = ::sodium_hex2bin(secret.data(), secret.size(), text.data(),
                                     static_cast<std::size_t>(size), " \r\n", &length, &end) == 0 &&
                    length == secret.size() && end == text.data() + size;
    if (!ok) error = "not a key: 64 hex digits are expected";
    return ok;
}

/// Makes the file aside and links it into place, so that of two starters one wins and both read the same.
bool make_key(const fs::path& file, std::string& error) {
    std::error_code ignored;
    fs::create_directories(file.parent_path(), ignored);
    const std::string aside = file.string() + "." + std::to_string(::getpid());
    const int fd = ::open(aside.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        error = error_text();
        return false;
    }
    ClusterKey::Secret secret;
    ::randombytes_buf(secret.data(), secret.size());
    Hex hex;
    ::sodium_bin2hex(hex.data(), hex.size(), secret.data(), secret.size());
    hex.back() = '\n';
    const bool written =
        ::write(fd, hex.data(), hex.size()) == static_cast<ssize_t>(hex.size()) && ::fsync(fd) == 0;
    ::close(fd);
    const bool linked = written && (::link(aside.c_str(), file.c_str()) == 0 || errno == EEXIST);
    if (!linked) error = error_text();
    ::unlink(aside.c_str());
    return linked;
}

bool read_or_make(const fs::path& file, bool make, ClusterKey::Secret& secret, std::string& error) {
    std::error_code ignored;
    if (make && !fs::exists(file, ignored) && !make_key(file, error)) return false;
    return read_key(file, secret, error);
}

fs::path default_place(const Config::Process& process) {
    if (!process.table_file.empty()) return fs::path{process.table_file}.parent_path() / kName;
    // systemd gives a list; the first one is the service's own.
    if (const char* state = std::getenv("STATE_DIRECTORY"); state != nullptr && *state != '\0') {
        const std::string first{state};
        return fs::path{first.substr(0, first.find(':'))} / kName;
    }
    return fs::path{"/var/lib/sipsteer"} / kName;
}

}  // namespace

ClusterSecret load_cluster_secret(const Config::Process& process, bool make) {
    ClusterSecret out;
    if (::sodium_init() < 0) {
        out.error = "libsodium does not start";
        return out;
    }
    const bool written = !process.key_file.empty();
    const fs::path file = written ? fs::path{process.key_file} : default_place(process);
    std::string error;
    if (read_or_make(file, make, out.secret, error)) {
        out.file = file.string();
    } else if (written) {
        out.error = "key file " + file.string() + ": " + error;
    } else {
        ::randombytes_buf(out.secret.data(), out.secret.size());
    }
    return out;
}

std::string key_file_error(const Config::Process& process) {
    if (process.key_file.empty()) return {};
    const fs::path file{process.key_file};
    std::error_code ignored;
    if (fs::status(file, ignored).type() != fs::file_type::not_found)
        return load_cluster_secret(process, false).error;
    if (may_make_beside(file)) return {};
    return file.string() + ": " + error_text();
}

}  // namespace sipsteer
