#include "bench/load/udp_transport.hpp"

#include <sys/epoll.h>
#include <unistd.h>

#include <algorithm>
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

}  // namespace

UdpTransport::UdpTransport(const Options& options)
    : epoll_(::epoll_create1(EPOLL_CLOEXEC)),
      incoming_(std::make_unique_for_overwrite<char[]>(kBatch * kMaxMessage)),
      outgoing_(std::make_unique_for_overwrite<char[]>(kOutgoingBytes)) {
    if (epoll_ < 0) fail("epoll_create1");
    for (unsigned i = 0; i < options.servers; ++i) {
        open({options.first_server.ip + i, options.first_server.port});
    }
    for (unsigned i = 0; i < options.phones; ++i) {
        open({options.first_phone.ip, static_cast<std::uint16_t>(options.first_phone.port + i)});
    }
}

UdpTransport::~UdpTransport() {
    for (const Port& port : ports_) ::close(port.fd);
    if (epoll_ >= 0) ::close(epoll_);
}

void UdpTransport::open(const Address& address) {
    const int fd = ::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0) fail("socket");
    ports_.push_back({fd, {}});
    set_buffer(fd, SO_RCVBUF, SO_RCVBUFFORCE);
    set_buffer(fd, SO_SNDBUF, SO_SNDBUFFORCE);
    const sockaddr_in name = to_socket_address(address);
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) {
        fail("udp:" + to_string(address));
    }
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.u32 = static_cast<std::uint32_t>(ports_.size() - 1);
    if (::epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event) != 0) fail("epoll_ctl");
}

void UdpTransport::turn(Time timeout, Receiver& receiver) {
    flush();
    epoll_event events[kEvents];
    const timespec wait{timeout / kSecond, timeout % kSecond};
    const int count = ::epoll_pwait2(epoll_, events, kEvents, &wait, nullptr);
    for (int i = 0; i < count; ++i) receive(static_cast<PortIndex>(events[i].data.u32), receiver);
    flush();
}

void UdpTransport::receive(PortIndex port, Receiver& receiver) {
    for (std::size_t i = 0; i < kBatch; ++i) {
        vectors_[i] = {incoming_.get() + i * kMaxMessage, kMaxMessage};
        headers_[i].msg_hdr = {};
        headers_[i].msg_hdr.msg_name = &addresses_[i];
        headers_[i].msg_hdr.msg_namelen = sizeof addresses_[i];
        headers_[i].msg_hdr.msg_iov = &vectors_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
    }
    const int count = ::recvmmsg(ports_[port].fd, headers_, kBatch, MSG_DONTWAIT, nullptr);
    const Time now = clock_now();
    for (int i = 0; i < count; ++i) {
        receiver.receive(port, from_socket_address(addresses_[i]),
                         {incoming_.get() + static_cast<std::size_t>(i) * kMaxMessage, headers_[i].msg_len},
                         now);
    }
}

char* UdpTransport::slot() {
    if (used_ + kMaxMessage > kOutgoingBytes) flush();
    return outgoing_.get() + used_;
}

void UdpTransport::send(PortIndex port, const Address& to, std::size_t size, Time& stamp) {
    Port& from = ports_[port];
    if (from.queue.empty()) dirty_.push_back(port);
    from.queue.push_back({to_socket_address(to), {outgoing_.get() + used_, size}, &stamp});
    used_ += (size + 63) & ~std::size_t{63};
}

void UdpTransport::flush() {
    for (const PortIndex port : dirty_) flush(ports_[port]);
    dirty_.clear();
    used_ = 0;
}

void UdpTransport::flush(Port& port) {
    mmsghdr headers[kBatch];
    for (std::size_t begin = 0; begin < port.queue.size();) {
        const std::size_t count = std::min(kBatch, port.queue.size() - begin);
        for (std::size_t i = 0; i < count; ++i) {
            Outgoing& message = port.queue[begin + i];
            headers[i] = {};
            headers[i].msg_hdr.msg_name = &message.to;
            headers[i].msg_hdr.msg_namelen = sizeof message.to;
            headers[i].msg_hdr.msg_iov = &message.bytes;
            headers[i].msg_hdr.msg_iovlen = 1;
        }
        const Time now = clock_now();
        for (std::size_t i = 0; i < count; ++i) *port.queue[begin + i].stamp = now;
        const int sent = ::sendmmsg(port.fd, headers, static_cast<unsigned>(count), 0);
        if (sent <= 0) ++refused_;
        begin += sent > 0 ? static_cast<std::size_t>(sent) : 1;  // one that was refused is left out
    }
    port.queue.clear();
}

}  // namespace sipsteer::load
