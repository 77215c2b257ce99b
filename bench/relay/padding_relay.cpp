// What segmented sends save at best: the bare relay with sipsteer's receive and sends (SendBatch), and
// nothing of SIP read but where an answer goes and where blanks may stand. What sipsteer costs above it is
// what it takes to read, decide and write.
//
//   padding_relay LISTEN SERVER...      addresses as 127.0.0.1:5060

#include <netinet/in.h>
#include <poll.h>

#include <cstring>
#include <string_view>
#include <utility>

#include "bench/relay/datagram_path.hpp"
#include "proxy/fragments.hpp"
#include "proxy/receive_batch.hpp"
#include "proxy/send_batch.hpp"

namespace {

using namespace sipsteer;

/// Behind the colon of the first header; 0: there is none.
std::size_t pad_at(std::string_view bytes) {
    const std::size_t line = bytes.find("\r\n");
    return line == std::string_view::npos ? 0 : bytes.find(':', line) + 1;
}

class PaddingRelay {
  public:
    PaddingRelay(int fd, bench::DatagramPath path) : fd_(fd), path_(std::move(path)) {
        outgoing_.set_segmenting(true);
        allow_fragments(fd_, false);
    }

    void run() {
        pollfd wait{fd_, POLLIN, 0};
        while (::poll(&wait, 1, -1) >= 0) {
            while (round() > 0) {
            }
        }
    }

  private:
    std::size_t round() {
        const std::size_t count = received_.receive(fd_);
        for (std::size_t i = 0; i < count; ++i) {
            const std::string_view bytes = received_.bytes(i);
            sockaddr_storage address = received_.from(i);
            path_.direct(reinterpret_cast<sockaddr_in&>(address), bytes);
            std::memcpy(outgoing_.slot().data(), bytes.data(), bytes.size());
            outgoing_.add(fd_, to_endpoint(address, Transport::udp), bytes.size(), pad_at(bytes));
        }
        outgoing_.flush([](std::size_t, bool) {});
        return count;
    }

    int fd_;
    bench::DatagramPath path_;
    ReceiveBatch received_;
    SendBatch outgoing_;
};

}  // namespace

int main(int argc, char** argv) { return sipsteer::bench::serve<PaddingRelay>(argc, argv); }
