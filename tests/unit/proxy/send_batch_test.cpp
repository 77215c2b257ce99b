#include "proxy/send_batch.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <string>
#include <vector>

#include "parser/message_view.hpp"

namespace sipsteer {
namespace {

/// A UDP socket on loopback with a port of the kernel's choice.
class Peer {
  public:
    Peer() : fd_(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        EXPECT_EQ(::bind(fd_, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
        socklen_t size = sizeof address;
        EXPECT_EQ(::getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &size), 0);
        endpoint_ = {parse_ip("127.0.0.1").value(), ntohs(address.sin_port), Transport::udp};
    }
    ~Peer() { ::close(fd_); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    [[nodiscard]] int fd() const { return fd_; }
    [[nodiscard]] const Endpoint& endpoint() const { return endpoint_; }
    [[nodiscard]] std::vector<std::string> received() const {
        std::vector<std::string> all;
        std::string buffer(70000, '\0');
        for (;;) {
            const ssize_t size = ::recv(fd_, buffer.data(), buffer.size(), 0);
            if (size < 0) return all;
            all.push_back(buffer.substr(0, static_cast<std::size_t>(size)));
        }
    }

  private:
    int fd_;
    Endpoint endpoint_;
};

std::string request(int number, std::size_t filling) {
    return "INVITE sip:b@example.com SIP/2.0\r\nVia: SIP/2.0/UDP h;branch=z9hG4bK1\r\nMax-Forwards:70\r\n"
           "From: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\nCall-ID: c\r\nCSeq: " +
           std::to_string(number) + " INVITE\r\nX-Fill: " + std::string(filling, 'f') + "\r\n\r\n";
}

void add(SendBatch& batch, int fd, const Endpoint& to, const std::string& message) {
    message.copy(batch.slot().data(), message.size());
    batch.add(fd, to, message.size(), message.find("Max-Forwards:") + 13);
}

std::string without_blanks(std::string message) {
    const std::size_t at = message.find("Max-Forwards:") + 13;
    return message.erase(at, message.find_first_not_of(' ', at) - at);
}

TEST(SendBatch, SegmentsArriveAsTheMessagesInOrderPaddedInAHeader) {
    const Peer from;
    const Peer first;
    const Peer second;
    SendBatch batch;
    batch.set_segmenting(true);
    std::vector<std::string> sent;
    for (int i = 0; i < 20; ++i) {
        sent.push_back(request(i, static_cast<std::size_t>(i * 37 % 200)));
        add(batch, from.fd(), first.endpoint(), sent.back());
        add(batch, from.fd(), second.endpoint(), sent.back());
    }
    std::size_t taken = 0;
    batch.flush([&](std::size_t, bool ok) { taken += ok ? 1U : 0U; });
    EXPECT_EQ(taken, 40U);
    EXPECT_EQ(batch.size(), 0U);
    for (const Peer* peer : {&first, &second}) {
        const auto received = peer->received();
        ASSERT_EQ(received.size(), sent.size());
        for (std::size_t i = 0; i < sent.size(); ++i) {
            EXPECT_EQ(without_blanks(received[i]), sent[i]);
            MessageView view;
            EXPECT_TRUE(view.parse(received[i]));
            EXPECT_EQ(view.max_forwards(), 70);
        }
    }
}

TEST(SendBatch, SwitchedOffEachLeavesAsItIs) {
    const Peer from;
    const Peer to;
    SendBatch batch;
    add(batch, from.fd(), to.endpoint(), request(1, 10));
    add(batch, from.fd(), to.endpoint(), request(2, 300));
    batch.flush([](std::size_t, bool ok) { EXPECT_TRUE(ok); });
    EXPECT_EQ(to.received(), (std::vector<std::string>{request(1, 10), request(2, 300)}));
}

/// Without checksums the kernel refuses segments: as a device does that cannot.
TEST(SendBatch, ADestinationThatRefusesSegmentsGetsPlainSends) {
    const Peer from;
    const Peer to;
    const int on = 1;
    ASSERT_EQ(::setsockopt(from.fd(), SOL_SOCKET, SO_NO_CHECK, &on, sizeof on), 0);
    SendBatch batch;
    batch.set_segmenting(true);
    for (int round = 0; round < 3; ++round) {
        add(batch, from.fd(), to.endpoint(), request(1, 10));
        add(batch, from.fd(), to.endpoint(), request(2, 300));
        batch.flush([](std::size_t, bool ok) { EXPECT_TRUE(ok); });
        EXPECT_EQ(to.received(), (std::vector<std::string>{request(1, 10), request(2, 300)})) << round;
    }
}

TEST(SendBatch, SaysWhatTheKernelRefused) {
    const Peer from;
    const Peer to;
    SendBatch batch;
    batch.set_segmenting(true);
    const Endpoint nowhere{parse_ip("127.0.0.1").value(), 0, Transport::udp};  // port 0: EINVAL
    add(batch, from.fd(), nowhere, request(1, 10));
    add(batch, from.fd(), to.endpoint(), request(2, 10));
    add(batch, from.fd(), nowhere, request(3, 10));
    add(batch, from.fd(), to.endpoint(), request(4, 10));
    std::vector<bool> taken;
    batch.flush([&](std::size_t, bool ok) { taken.push_back(ok); });
    EXPECT_EQ(taken, (std::vector<bool>{false, true, false, true}));
    EXPECT_EQ(to.received().size(), 2U);
}

}  // namespace
}  // namespace sipsteer
