#include "proxy/receive_batch.hpp"

#include <cerrno>

namespace sipsteer {
/// Not value-initialised: the pages stay untouched until a datagram needs them.
std::unique_ptr<char[]> reserve_slots(std::size_t size) { return std::unique_ptr<char[]>{new char[size]}; }

ReceiveBatch::ReceiveBatch() : memory_(reserve_slots(kBatch * kSlotBytes)) {
    for (std::size_t i = 0; i < kBatch; ++i) {
        vectors_[i] = {memory_.get() + i * kSlotBytes, kSlotBytes};
        headers_[i].msg_hdr.msg_iov = &vectors_[i];
        headers_[i].msg_hdr.msg_iovlen = 1;
        headers_[i].msg_hdr.msg_name = &addresses_[i];
    }
}

std::size_t ReceiveBatch::receive(int fd) noexcept {
    for (; filled_ > 0; --filled_) headers_[filled_ - 1].msg_hdr.msg_namelen = sizeof(sockaddr_storage);
    for (int tries = 0; tries < 8; ++tries) {
        const int count = ::recvmmsg(fd, headers_.data(), kBatch, MSG_DONTWAIT, nullptr);
        if (count > 0) return filled_ = static_cast<std::size_t>(count);
        if (count == 0 || errno == EAGAIN || errno == EWOULDBLOCK) return 0;
        // An ICMP error of an earlier send is reported here once; the datagrams behind it still wait.
        error_ = true;
    }
    return 0;
}

}  // namespace sipsteer
