#include "proxy/worker_spread.hpp"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cstdio>
#include <string>

namespace sipsteer {
namespace {

/// The sockets of four workers on one address of loopback, and the sender of each datagram.
class WorkerSpreadTest : public testing::TestWithParam<bool> {
  protected:
    static constexpr std::uint32_t kWorkers = 4;

    void SetUp() override {
        for (int& fd : workers_) {
            fd = ::socket(family(), SOCK_DGRAM | SOCK_NONBLOCK, 0);
            ASSERT_GE(fd, 0);
            const int on = 1;
            ASSERT_EQ(::setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on), 0);
            ASSERT_EQ(::bind(fd, reinterpret_cast<const sockaddr*>(&address_), size()), 0);
            socklen_t length = sizeof address_;
            ASSERT_EQ(::getsockname(fd, reinterpret_cast<sockaddr*>(&address_), &length), 0);
        }
        Listener listener;
        listener.bind.address.v6 = GetParam();
        listener.advertised_host = kHost;
        listener.sent_by = std::string(kHost) + ":5060";
        ASSERT_TRUE(attach_worker_spread(workers_[0], listener, kWorkers));
    }
    void TearDown() override {
        for (const int fd : workers_) ::close(fd);
    }

    /// The worker that gets `message` from a peer of its own, or from the one of `fd`.
    std::uint32_t worker_of(const std::string& message, int fd = -1) const {
        const int from = fd >= 0 ? fd : ::socket(family(), SOCK_DGRAM, 0);
        EXPECT_EQ(::sendto(from, message.data(), message.size(), 0,
                           reinterpret_cast<const sockaddr*>(&address_), size()),
                  static_cast<ssize_t>(message.size()));
        if (fd < 0) ::close(from);
        std::array<char, 2000> buffer;
        for (std::uint32_t i = 0; i < kWorkers; ++i) {
            if (::recv(workers_[i], buffer.data(), buffer.size(), 0) >= 0) return i;
        }
        ADD_FAILURE() << "nobody got it";
        return 0;
    }
    [[nodiscard]] int family() const { return GetParam() ? AF_INET6 : AF_INET; }

    static std::string response(std::string_view status, unsigned branch, std::string_view before = "") {
        std::array<char, 17> mac;
        std::snprintf(mac.data(), mac.size(), "%04x%012x", branch * 40503U % 65536U, branch);
        const std::string rest =
            "\r\nVia: SIP/2.0/UDP p;branch=z9hG4bK1\r\nFrom: <sip:a@b>;tag=1\r\nTo: <sip:c@d>\r\n\r\n";
        return "SIP/2.0 " + std::string(status) + "\r\nVia: SIP/2.0/UDP " + kHost + ":5060" +
               std::string(before) + ";branch=z9hG4bKss-00000000" + mac.data() + rest;
    }

    static constexpr const char* kHost = "192.0.2.100";

  private:
    [[nodiscard]] socklen_t size() const { return GetParam() ? sizeof(sockaddr_in6) : sizeof(sockaddr_in); }
    static sockaddr_storage loopback(bool v6) {
        sockaddr_storage address{};
        if (v6) {
            auto& six = reinterpret_cast<sockaddr_in6&>(address);
            six.sin6_family = AF_INET6;
            six.sin6_addr = in6addr_loopback;
        } else {
            auto& four = reinterpret_cast<sockaddr_in&>(address);
            four.sin_family = AF_INET;
            four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        }
        return address;
    }

    std::array<int, kWorkers> workers_{};
    sockaddr_storage address_ = loopback(GetParam());
};

TEST_P(WorkerSpreadTest, TheCallsOfOneServerSpreadOverAllWorkers) {
    const int server = ::socket(family(), SOCK_DGRAM, 0);
    for (const std::string_view before : {"", ";received=192.0.2.100"}) {
        std::array<unsigned, kWorkers> count{};
        for (unsigned call = 0; call < 2000; ++call)
            ++count[worker_of(response("200 OK", call, before), server)];
        for (const unsigned n : count) {
            EXPECT_GT(n, 400U);
            EXPECT_LT(n, 600U);
        }
    }
    ::close(server);
}

TEST_P(WorkerSpreadTest, TheResponsesOfACallMeetOneWorker) {
    for (unsigned call = 0; call < 50; ++call) {
        const std::uint32_t worker = worker_of(response("100 Trying", call));
        for (const std::string_view status :
             {"180 Ringing", "200 OK", "481 Call/Transaction Does Not Exist"}) {
            EXPECT_EQ(worker_of(response(status, call)), worker) << status;
            EXPECT_EQ(worker_of(response(status, call, ";received=192.0.2.100")), worker) << status;
        }
    }
}

TEST_P(WorkerSpreadTest, WhatElseComesFromOneAddressMeetsOneWorker) {
    const int peer = ::socket(family(), SOCK_DGRAM, 0);
    const std::uint32_t worker = worker_of("INVITE sip:a@b SIP/2.0\r\n", peer);
    for (const std::string message :
         {"CANCEL sip:a@b SIP/2.0\r\n", "\r\n", "0",
          "SIP/2.0 200 OK\r\nVia: SIP/2.0/UDP other;branch=z9hG4bKabcdefghijklmnopqrst\r\n\r\n",
          "SIP/2.0 999 a reason that is so long that no line feed comes where one is looked for\r\nVia: "
          "x\r\n"}) {
        EXPECT_EQ(worker_of(message, peer), worker) << message;
    }
    std::array<unsigned, kWorkers> count{};
    for (int i = 0; i < 400; ++i) ++count[worker_of("INVITE sip:a@b SIP/2.0\r\n")];
    for (const unsigned n : count) EXPECT_GT(n, 20U);
    ::close(peer);
}

INSTANTIATE_TEST_SUITE_P(BothFamilies, WorkerSpreadTest, testing::Values(false, true),
                         [](const auto& family) { return family.param ? "IPv6" : "IPv4"; });

}  // namespace
}  // namespace sipsteer
