#include "proxy/udp_batch.hpp"

#include <cerrno>

namespace sipsteer {
namespace {

/// Not value-initialised: the pages stay untouched until a datagram needs them.
std::unique_ptr<char[]> reserve(std::size_t size) { return std::unique_ptr<char[]>{new char[size]}; }

}  // namespace

ReceiveBatch::ReceiveBatch() : memory_(reserve(kBatch * kSlot)) {
    for (std::size_t i = 0; i < kBatch; ++i) {
        vectors_[i] = {memory_.get() + i * kSlot, kSlot};
        headers_[i].msg_hdr.msg_iov = &vectors_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
        headers_[i].msg_hdr.msg_name = &addresses_[i];
    }
}

std::size_t ReceiveBatch::receive(int fd) noexcept {
    for (mmsghdr& header : headers_) header.msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    for (int tries = 0; tries < 8; ++tries) {
        const int count = ::recvmmsg(fd, headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
        if (count > 0) return static_cast<std::size_t>(count);
        if (count == 0 || errno == EAGAIN || errno == EWOULDBLOCK) return 0;
        // An ICMP error of an earlier send is reported here once; the datagrams behind it still wait.
        error_ = true;
    }
    return 0;
}

SendBatch::SendBatch() : memory_(reserve(kBatch * kSlot)) {
    for (std::size_t i = 0; i < kBatch; ++i) {
        vectors_[i].iov_base = memory_.get() + i * kSlot;
        headers_[i].msg_hdr.msg_iov = &vectors_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
    }
}

void SendBatch::add(int fd, const Endpoint& to, std::size_t size) noexcept {
    to_socket_address(to.address, to.port, addresses_[count_]);
    headers_[count_].msg_hdr.msg_name = &addresses_[count_].storage;
    headers_[count_].msg_hdr.msg_namelen = addresses_[count_].size;
    vectors_[count_].iov_len = size;
    fds_[count_] = fd;
    ++count_;
}

std::size_t SendBatch::send(std::size_t begin, std::size_t end) noexcept {
    const auto wanted = static_cast<unsigned>(end - begin);
    for (int tries = 0; tries < 4; ++tries) {
        const int count =
            ::sendmmsg(fds_[begin], headers_.data() + begin, wanted, MSG_DONTWAIT | MSG_NOSIGNAL);
        // Behind what it took there may stand an ICMP error, which it does not tell.
        if (count > 0) error_ = error_ || static_cast<unsigned>(count) < wanted;
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return 0;
        // The ICMP error of an earlier send is reported once, to whatever is sent next.
        error_ = error_ || errno != EINTR;
    }
    return 0;
}

}  // namespace sipsteer
