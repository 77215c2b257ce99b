// The floor for streams: moves bytes between connections, one thread, one read and one write at a time, and
// reads nothing of them. Each connection that it takes gets one of its own to the server that its peer's
// address and port pick.
//
//   byte_relay LISTEN SERVER...      addresses as 127.0.0.1:5060

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <vector>

#include "bench/relay/socket_name.hpp"

namespace {

constexpr int kEvents = 256;
constexpr std::size_t kRead = 128 << 10;

class ByteRelay {
  public:
    ByteRelay(int listener, std::vector<sockaddr_in> servers)
        : epoll_(::epoll_create1(0)), listener_(listener), servers_(std::move(servers)) {
        watch(listener);
    }

    void run() {
        epoll_event events[kEvents];
        while (true) {
            const int count = ::epoll_wait(epoll_, events, kEvents, -1);
            for (int i = 0; i < count; ++i) {
                if (events[i].data.fd == listener_) {
                    accept();
                } else {
                    pass(events[i].data.fd);
                }
            }
        }
    }

  private:
    void watch(int fd) {
        epoll_event event{};
        event.events = EPOLLIN;
        event.data.fd = fd;
        ::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
    }

    void accept() {
        sockaddr_in peer{};
        socklen_t size = sizeof peer;
        const int fd = ::accept(listener_, reinterpret_cast<sockaddr*>(&peer), &size);
        const int other = ::socket(AF_INET, SOCK_STREAM, 0);
        const sockaddr_in& server =
            servers_[(ntohl(peer.sin_addr.s_addr) + ntohs(peer.sin_port)) % servers_.size()];
        if (fd < 0 || other < 0 ||
            ::connect(other, reinterpret_cast<const sockaddr*>(&server), sizeof server) != 0) {
            ::close(fd);
            ::close(other);
            return;
        }
        const int on = 1;
        for (const int each : {fd, other}) {
            ::setsockopt(each, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            watch(each);
        }
        const auto most = static_cast<std::size_t>(fd > other ? fd : other);
        if (peers_.size() <= most) peers_.resize(most + 1, -1);
        peers_[static_cast<std::size_t>(fd)] = other;
        peers_[static_cast<std::size_t>(other)] = fd;
    }

    void pass(int fd) {
        const int other = peers_[static_cast<std::size_t>(fd)];
        if (other < 0) return;
        const ssize_t count = ::read(fd, buffer_, sizeof buffer_);
        for (ssize_t done = 0; done < count;) {
            const ssize_t sent =
                ::send(other, buffer_ + done, static_cast<std::size_t>(count - done), MSG_NOSIGNAL);
            if (sent <= 0) break;
            done += sent;
        }
        if (count > 0) return;
        for (const int each : {fd, other}) {
            peers_[static_cast<std::size_t>(each)] = -1;
            ::close(each);
        }
    }

    int epoll_;
    int listener_;
    std::vector<sockaddr_in> servers_;
    std::vector<int> peers_;  // by file descriptor
    char buffer_[kRead];
};

}  // namespace

int main(int argc, char** argv) {
    sockaddr_in listen_on{};
    std::vector<sockaddr_in> servers;
    if (!sipsteer::bench::read_addresses(argc, argv, listen_on, servers)) return 2;
    const int fd = ::socket(AF_INET, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (fd < 0 || ::bind(fd, reinterpret_cast<const sockaddr*>(&listen_on), sizeof listen_on) != 0 ||
        ::listen(fd, 128) != 0) {
        std::perror("byte_relay");
        return 1;
    }
    ByteRelay{fd, servers}.run();
    return 1;
}
