#include "bench/load/udp_transport.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <system_error>

#include "bench/load/text.hpp"

namespace sipsteer::load {
namespace {

constexpr std::size_t kOutgoingBytes = 4 << 20;
constexpr int kBufferBytes = 4 << 20;
constexpr int kEvents = 256;

[[noreturn]] void fail(const std::string& what) {
    throw std::system_error(errno, std::generic_category(), what);
}

void set_buffer(int fd, int plain, int forced) {
    ::setsockopt(fd, SOL_SOCKET, plain, &kBufferBytes, sizeof kBufferBytes);
    ::setsockopt(fd, SOL_SOCKET, forced, &kBufferBytes, sizeof kBufferBytes);
}

/// The local address of a datagram, host byte order; 0 when the kernel did not say.
std::uint32_t arrived_at(msghdr& header) noexcept {
    for (cmsghdr* part = CMSG_FIRSTHDR(&header); part != nullptr; part = CMSG_NXTHDR(&header, part)) {
        if (part->cmsg_level != IPPROTO_IP || part->cmsg_type != IP_PKTINFO) continue;
        in_pktinfo info{};
        std::memcpy(&info, CMSG_DATA(part), sizeof info);
        return ntohl(info.ipi_addr.s_addr);
    }
    return 0;
}

}  // namespace

UdpTransport::UdpTransport(const Options& options)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      incoming_(std::make_unique_for_overwrite<char[]>(kBatch * kMaxMessage)),
      outgoing_(std::make_unique_for_overwrite<char[]>(kOutgoingBytes)) {
    if (epoll_ < 0) fail("epoll_create1");
    for (unsigned i = 0; i < options.servers; ++i) open(options.server(i), 1);
    open(options.first_phone, options.phones);
}

UdpTransport::~UdpTransport() {
    for (const Socket& socket : sockets_) ::close(socket.fd);
    if (epoll_ >= 0) ::close(epoll_);
}

void UdpTransport::open(const Address& first, unsigned ends) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    const std::size_t before = sockets_.size();
    sockets_.push_back({fd, first.ip, static_cast<PortIndex>(before), ends});
    set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE);
    set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE);
    const int on = 1;
    if (::setsockopt(fd, IPPROTO_IP, IP_PKTINFO, &on, sizeof on) != 0) fail("IP_PKTINFO");
    const bool loopback = first.ip >> 24 == IN_LOOPBACKNET;
    if (ends > 1 && loopback) ::setsockopt(fd, SOL_SOCKET, SO_BINDTODEVICE, "lo", 2);  // nobody from outside
    const sockaddr_in name = to_socket_address({ends > 1 ? INADDR_ANY : first.ip, first.port});
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
        fail("udp:" + to_string(first));
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = static_cast<std::uint32_t>(before);
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

void UdpTransport::turn(Time timeout, Receiver& receiver) {
    flush();
    epoll_event events[kEvents];
    const timespec wait{timeout / kSecond, timeout % kSecond};
    const int count = ::epoll_pwait2(epoll_, events, kEvents, &wait, nullptr);
    for (int i = 0; i < count; ++i) receive(sockets_[events[i].data.u32], receiver);
    flush();
}

void UdpTransport::receive(const Socket& socket, Receiver& receiver) {
    for (std::size_t i = 0; i < kBatch; ++i) {
        vectors_[i] = {incoming_.get() + i * kMaxMessage, kMaxMessage};
        headers_[i].msg_hdr = {};
        headers_[i].msg_hdr.msg_name = &addresses_[i];
        headers_[i].msg_hdr.msg_namelen = sizeof addresses_[i];
        headers_[i].msg_hdr.msg_iov = &vectors_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
        headers_[i].msg_hdr.msg_control = &controls_[i];
        headers_[i].msg_hdr.msg_controllen = sizeof controls_[i];
    }
    const int count = ::recvmmsg(socket.fd, headers_, kBatch, MSG_DONTWAIT, nullptr);
    const Time now = clock_now();
    for (int i = 0; i < count; ++i) {
        const std::uint32_t end = arrived_at(headers_[i].msg_hdr) - socket.first_ip;
        if (end >= socket.ends) continue;  // to an address that nobody plays
        receiver.receive(static_cast<PortIndex>(socket.first_port + end), from_socket_address(addresses_[i]),
                         {incoming_.get() + static_cast<std::size_t>(i) * kMaxMessage, headers_[i].msg_len},
                         now);
    }
}

char* UdpTransport::slot() {
    if (used_ + kMaxMessage > kOutgoingBytes) flush();
    return outgoing_.get() + used_;
}

void UdpTransport::send(PortIndex port, const Address& to, std::size_t size, Time& stamp) {
    const std::size_t number = std::min<std::size_t>(port, sockets_.size() - 1);
    Socket& socket = sockets_[number];
    if (socket.queue.empty()) dirty_.push_back(number);
    const std::uint32_t from = socket.first_ip + (port - socket.first_port);
    socket.queue.push_back({to_socket_address(to), from, {outgoing_.get() + used_, size}, &stamp});
    used_ += (size + 63) & ~std::size_t{63};
}

void UdpTransport::flush() {
    for (const std::size_t number : dirty_) flush(sockets_[number]);
    dirty_.clear();
    used_ = 0;
}

void UdpTransport::flush(Socket& socket) {
    mmsghdr headers[kBatch];
    Control controls[kBatch];
    for (std::size_t begin = 0; begin < socket.queue.size();) {
        const std::size_t count = std::min(kBatch, socket.queue.size() - begin);
        for (std::size_t i = 0; i < count; ++i) {
            Outgoing& message = socket.queue[begin + i];
            headers[i] = {};
            headers[i].msg_hdr.msg_name = &message.to;
            headers[i].msg_hdr.msg_namelen = sizeof message.to;
            headers[i].msg_hdr.msg_iov = &message.bytes;
            headers[i].msg_hdr.msg_iovlen = 1;
            headers[i].msg_hdr.msg_control = &controls[i];
            headers[i].msg_hdr.msg_controllen = sizeof controls[i];
            controls[i].header = {CMSG_LEN(sizeof(in_pktinfo)), IPPROTO_IP, IP_PKTINFO};
            const in_pktinfo info{0, {htonl(message.from)}, {}};
            std::memcpy(CMSG_DATA(&controls[i].header), &info, sizeof info);
        }
        const Time now = clock_now();
        for (std::size_t i = 0; i < count; ++i) *socket.queue[begin + i].stamp = now;
        const int sent = ::sendmmsg(socket.fd, headers, static_cast<unsigned>(count), 0);
        if (sent <= 0) ++refused_;
        begin += sent > 0 ? static_cast<std::size_t>(sent) : 1;  // one that was refused is left out
    }
    socket.queue.clear();
}

}  // namespace sipsteer::load
