#include "proxy/name_servers.hpp"

#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <sstream>
#include <utility>

#include "parser/chars.hpp"
#include "proxy/socket_address.hpp"

namespace sipsteer {
namespace {

constexpr const char* kSystemFile = "/etc/resolv.conf";
constexpr std::uint16_t kDnsPort = 53;

/// Of a line `nameserver ADDRESS`.
std::optional<IpAddress> name_server(std::string_view line) {
    line = trim_lws(line.substr(0, line.find_first_of("#;")));
    const std::size_t blank = line.find_first_of(" \t");
    if (blank == std::string_view::npos || !iequals(line.substr(0, blank), "nameserver")) return std::nullopt;
    const auto address = parse_ip(trim_lws(line.substr(blank)));
    return address ? std::optional{*address} : std::nullopt;
}

/// A route leads there: no datagram is sent.
bool has_route(const IpAddress& address) noexcept {
    const int fd = ::socket(address.v6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) return false;
    SocketAddress to;
    to_socket_address(address, kDnsPort, to);
    const bool connected = ::connect(fd, reinterpret_cast<const sockaddr*>(&to.storage), to.size) == 0;
    ::close(fd);
    return connected;
}

bool write_all(int fd, std::string_view text) noexcept {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written <= 0) return false;
        text.remove_prefix(static_cast<std::size_t>(written));
    }
    return true;
}

}  // namespace

std::optional<std::string> without_unreachable(std::string_view conf,
                                               const std::function<bool(const IpAddress&)>& reachable) {
    std::string kept;
    bool names_some = false;
    bool leaves_some = false;
    while (!conf.empty()) {
        const std::string_view line = conf.substr(0, conf.find('\n'));
        conf.remove_prefix(std::min(line.size() + 1, conf.size()));
        if (const auto address = name_server(line)) {
            names_some = true;
            if (!reachable(*address)) continue;
            leaves_some = true;
        }
        kept.append(line).push_back('\n');
    }
    if (names_some && !leaves_some) return std::nullopt;
    return kept;
}

std::optional<NameServers> NameServers::reachable() {
    std::ostringstream conf;
    conf << std::ifstream{kSystemFile}.rdbuf();
    const auto kept = without_unreachable(conf.str(), has_route);
    if (!kept) return std::nullopt;
    NameServers servers{::memfd_create("resolv.conf", MFD_CLOEXEC)};
    if (servers.fd_ < 0 || !write_all(servers.fd_, *kept)) return std::nullopt;
    return servers;
}

NameServers::NameServers(NameServers&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

NameServers::~NameServers() {
    if (fd_ >= 0) ::close(fd_);
}

std::string NameServers::path() const { return "/proc/self/fd/" + std::to_string(fd_); }

}  // namespace sipsteer
