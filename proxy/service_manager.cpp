#include "proxy/service_manager.hpp"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdlib>
#include <utility>

namespace sipsteer {
namespace {

std::string_view variable(const char* name) noexcept {
    const char* const value = std::getenv(name);
    return value == nullptr ? std::string_view{} : value;
}

/// 0: none.
std::uint64_t number(std::string_view text) noexcept {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    return error == std::errc{} && end == text.data() + text.size() ? value : 0;
}

/// A path, or behind @ a name without a file. -1: there is none that we could reach.
int connect_notify_socket() noexcept {
    const std::string_view name = variable("NOTIFY_SOCKET");
    sockaddr_un address{};
    if (name.size() < 2 || name.size() >= sizeof address.sun_path || (name[0] != '/' && name[0] != '@'))
        return -1;
    address.sun_family = AF_UNIX;
    std::ranges::copy(name, address.sun_path);
    if (name[0] == '@') address.sun_path[0] = '\0';
    const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    const timeval wait{.tv_sec = ServiceManager::kMostWait.count(), .tv_usec = 0};
    if (fd < 0) return -1;
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    if (::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait) == 0 &&
        ::connect(fd, reinterpret_cast<const sockaddr*>(&address), size) == 0) {
        return fd;
    }
    ::close(fd);
    return -1;
}

/// $WATCHDOG_PID names the process that is meant, where the variables were passed on.
std::chrono::microseconds watchdog_time() noexcept {
    const std::string_view pid = variable("WATCHDOG_PID");
    if (!pid.empty() && number(pid) != static_cast<std::uint64_t>(::getpid())) return {};
    return std::chrono::microseconds{number(variable("WATCHDOG_USEC"))};
}

std::int64_t monotonic_microseconds() noexcept {
    return std::chrono::duration_cast<std::chrono::microseconds>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
}

}  // namespace

ServiceManager::ServiceManager(boost::asio::io_context& context, std::function<std::string()> status,
                               std::function<bool()> alive)
    : status_(std::move(status)),
      alive_(std::move(alive)),
      fd_(connect_notify_socket()),
      watchdog_(watchdog_time() / kTicks),
      status_timer_(context),
      watchdog_timer_(context) {}

ServiceManager::~ServiceManager() {
    if (fd_ >= 0) ::close(fd_);
}

void ServiceManager::ready() {
    if (fd_ < 0 || stopping_) return;
    told_ = status_();
    tell(fmt::format("READY=1\nSTATUS={}\n", told_));
    if (std::exchange(keeping_, true)) return;
    keep_status();
    if (watchdog_.count() > 0) feed_watchdog();
}

void ServiceManager::reloading() {
    if (stopping_) return;
    tell(fmt::format("RELOADING=1\nMONOTONIC_USEC={}\n", monotonic_microseconds()));
}

void ServiceManager::stopping() {
    if (std::exchange(stopping_, true)) return;
    status_timer_.cancel();
    tell("STOPPING=1\nSTATUS=Ending: streams finish\n");
}

void ServiceManager::tell(std::string_view words) noexcept {
    // Lost: whoever waits for it says so.
    if (fd_ >= 0) static_cast<void>(::send(fd_, words.data(), words.size(), MSG_NOSIGNAL));
}

void ServiceManager::keep_status() {
    status_timer_.expires_after(kStatusPause);
    status_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        if (std::string now = status_(); now != told_) {
            told_ = std::move(now);
            tell(fmt::format("STATUS={}\n", told_));
        }
        keep_status();
    });
}

void ServiceManager::feed_watchdog() {
    if (alive_()) tell("WATCHDOG=1\n");
    watchdog_timer_.expires_after(watchdog_);
    watchdog_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) feed_watchdog();
    });
}

}  // namespace sipsteer
