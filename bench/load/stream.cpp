#include "bench/load/stream.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>

namespace sipsteer::load {
namespace {

constexpr std::size_t kRead = 128 << 10;

}  // namespace

Stream::Stream(int fd, PortIndex port, SslSession session) noexcept
    : fd_(fd), port_(port), session_(std::move(session)) {}

Stream::~Stream() {
    session_.reset();
    ::close(fd_);
}

long Stream::read_some(char* to, std::size_t size) noexcept {
    if (session_ == nullptr) {
        const ssize_t count = ::recv(fd_, to, size, MSG_DONTWAIT);
        if (count > 0) return count;
        return count < 0 && (errno == EAGAIN || errno == EINTR) ? 0 : -1;
    }
    std::size_t count = 0;
    if (SSL_read_ex(session_.get(), to, size, &count) == 1) return static_cast<long>(count);
    const int error = SSL_get_error(session_.get(), 0);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

long Stream::write_some(const char* from, std::size_t size) noexcept {
    if (session_ == nullptr) {
        const ssize_t count = ::send(fd_, from, size, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (count >= 0) return count;
        return errno == EAGAIN || errno == EINTR ? 0 : -1;
    }
    std::size_t count = 0;
    if (SSL_write_ex(session_.get(), from, size, &count) == 1) return static_cast<long>(count);
    const int error = SSL_get_error(session_.get(), 0);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE ? 0 : -1;
}

bool Stream::fill() {
    while (true) {
        if (incoming_.size() - filled_ < kRead) incoming_.resize(filled_ + kRead);
        const long count = read_some(incoming_.data() + filled_, incoming_.size() - filled_);
        if (count <= 0) return count == 0;
        filled_ += static_cast<std::size_t>(count);
        // TLS hands out one record at a time, and no event comes for those that it holds already.
        if (session_ == nullptr) return true;
    }
}

std::size_t Stream::message_size(std::size_t begin) const noexcept {
    const std::string_view all{incoming_.data() + begin, filled_ - begin};
    const std::size_t blank = all.find("\r\n\r\n");
    if (blank == std::string_view::npos) return 0;
    constexpr std::string_view kLength = "\r\nContent-Length:";
    const std::size_t header = all.substr(0, blank).find(kLength);
    std::size_t length = 0;
    if (header != std::string_view::npos) {
        std::size_t at = header + kLength.size();
        while (all[at] == ' ') ++at;
        std::from_chars(all.data() + at, all.data() + blank, length);
    }
    const std::size_t size = blank + 4 + length;
    return size <= all.size() ? size : 0;
}

void Stream::consume(std::size_t size) noexcept {
    if (size == 0) return;
    std::memmove(incoming_.data(), incoming_.data() + size, filled_ - size);
    filled_ -= size;
}

void Stream::queue(std::string_view message, Time& stamp) {
    outgoing_.insert(outgoing_.end(), message.begin(), message.end());
    stamps_.push_back(&stamp);
}

bool Stream::flush() {
    const Time now = clock_now();
    for (Time* stamp : stamps_) *stamp = now;
    stamps_.clear();
    while (has_rest()) {
        const long count = write_some(outgoing_.data() + sent_, outgoing_.size() - sent_);
        if (count < 0) return false;
        if (count == 0) return true;
        sent_ += static_cast<std::size_t>(count);
    }
    outgoing_.clear();
    sent_ = 0;
    return true;
}

}  // namespace sipsteer::load
