// The floor: moves datagrams between phones and servers, one thread, recvmmsg and sendmmsg, and reads no more
// of SIP than where an answer goes. What a proxy costs above it is its own doing.
//
//   relay LISTEN SERVER...      addresses as 127.0.0.1:5060

#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <memory>
#include <string_view>
#include <utility>

#include "bench/relay/datagram_path.hpp"

namespace {

constexpr unsigned kBatch = 128;
constexpr std::size_t kSlot = 9000;

class Relay {
  public:
    Relay(int fd, sipsteer::bench::DatagramPath path)
        : fd_(fd), path_(std::move(path)), memory_(std::make_unique<char[]>(kBatch * kSlot)) {
        for (unsigned i = 0; i < kBatch; ++i) {
            vectors_[i] = {memory_.get() + i * kSlot, kSlot};
            headers_[i].msg_hdr.msg_name = &addresses_[i];
            headers_[i].msg_hdr.msg_namelen = sizeof addresses_[i];
            headers_[i].msg_hdr.msg_iov = &vectors_[i];
            headers_[i].msg_hdr.msg_iovlen = 1;
        }
    }

    void run() {
        pollfd wait{fd_, POLLIN, 0};
        while (::poll(&wait, 1, -1) >= 0) {
            while (round() == static_cast<int>(kBatch)) {
            }
        }
    }

  private:
    int round() {
        const int count = ::recvmmsg(fd_, headers_, kBatch, MSG_DONTWAIT, nullptr);
        for (int i = 0; i < count; ++i) {
            vectors_[i].iov_len = headers_[i].msg_len;
            path_.direct(addresses_[i],
                         {static_cast<const char*>(vectors_[i].iov_base), headers_[i].msg_len});
        }
        for (int sent = 0; sent < count;) {
            const int done = ::sendmmsg(fd_, headers_ + sent, static_cast<unsigned>(count - sent), 0);
            sent += done > 0 ? done : 1;
        }
        for (int i = 0; i < count; ++i) vectors_[i].iov_len = kSlot;
        return count;
    }

    int fd_;
    sipsteer::bench::DatagramPath path_;
    std::unique_ptr<char[]> memory_;
    mmsghdr headers_[kBatch]{};
    iovec vectors_[kBatch]{};
    sockaddr_in addresses_[kBatch]{};
};

}  // namespace

int main(int argc, char** argv) { return sipsteer::bench::serve<Relay>(argc, argv); }
