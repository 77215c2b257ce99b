// Requests that are too large for UDP (RFC 3261 §18.1.1).
#include <gtest/gtest.h>

#include "tests/unit/pipeline/test_proxy.hpp"

namespace sipsteer::test {
namespace {

constexpr std::string_view kBoth = R"(
[listen]
udp = ["192.0.2.100:5060"]
tcp = ["192.0.2.100:5060"]
http = ""
[[server]]
name = "pbx-1"
uri = "sip:192.0.2.201:5060"
)";
constexpr std::string_view kPhone = "udp:192.0.2.7:5060";
constexpr std::string_view kServer = "udp:192.0.2.201:5060";
constexpr std::string_view kServerByTcp = "tcp:192.0.2.201:5060";

/// At most one connection, which is open.
struct Connections : OpenConnections {
    Endpoint peer;
    ConnectionId id = kNoConnection;
    [[nodiscard]] std::optional<Endpoint> peer_of(ConnectionId one) const noexcept override {
        return one == id ? std::optional{peer} : std::nullopt;
    }
    [[nodiscard]] ConnectionId open_to(const Endpoint& to) const noexcept override {
        return to == peer ? id : kNoConnection;
    }
};

std::string request(std::string_view method, int call, std::size_t body) {
    const std::string number = std::to_string(call);
    return std::string(method) +
           " sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK" + number +
           "\r\nMax-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a" + number +
           "\r\nTo: <sip:bob@example.com>\r\nCall-ID: c" + number + "\r\nCSeq: 1 " + std::string(method) +
           "\r\nContent-Length: " + std::to_string(body) + "\r\n\r\n" + std::string(body, 'x');
}

class LargeRequest : public testing::Test {
  protected:
    void use(std::string_view toml) {
        proxy = std::make_unique<TestProxy>(snapshot_of(toml));
        proxy->watch(connections);
    }
    void open(std::string_view peer) {
        connections.peer = endpoint_of(peer);
        connections.id = 7;
    }
    void close() { connections.id = kNoConnection; }
    Sent send(std::string_view method, int call, std::size_t body) {
        return proxy->deliver(request(method, call, body), kPhone);
    }
    Connections connections;
    std::unique_ptr<TestProxy> proxy;
};

TEST_F(LargeRequest, GoesByAnOpenStream) {
    use(kBoth);
    const Sent first = send("INVITE", 1, 2000);
    EXPECT_EQ(first.to(), kServer) << "nothing waits for a connection";
    EXPECT_TRUE(first.outcome.wants_stream);
    open(kServerByTcp);
    const Sent second = send("INVITE", 2, 2000);
    EXPECT_EQ(second.to(), kServerByTcp);
    EXPECT_EQ(second.outcome.connection, 7U);
    EXPECT_FALSE(second.outcome.wants_stream);
    EXPECT_NE(second.bytes.find("\r\nVia: SIP/2.0/TCP 192.0.2.100:5060;branch="), std::string::npos);
    EXPECT_NE(second.bytes.find("\r\nRecord-Route: <sip:192.0.2.100:5060;transport=tcp;lr;"),
              std::string::npos);
    EXPECT_TRUE(second.bytes.ends_with(std::string(2000, 'x')));
    EXPECT_EQ(send("INVITE", 3, 10).to(), kServer);
}

TEST_F(LargeRequest, CopiesCancelAndAckGoTheSameWay) {
    use(kBoth);
    const Sent first = send("INVITE", 1, 2000);
    open(kServerByTcp);
    const Sent second = send("INVITE", 2, 2000);
    proxy->wait(std::chrono::seconds{20});
    EXPECT_EQ(send("INVITE", 1, 2000).bytes, first.bytes);
    EXPECT_EQ(send("INVITE", 2, 2000).bytes, second.bytes);
    for (const std::string_view method : {"CANCEL", "ACK"}) {
        EXPECT_EQ(send(method, 1, 0).to(), kServer) << method;
        const Sent follows = send(method, 2, 0);
        EXPECT_EQ(follows.to(), kServerByTcp) << method;
        EXPECT_NE(follows.bytes.find("SIP/2.0/TCP 192.0.2.100:5060;branch="), std::string::npos);
        EXPECT_EQ(send(method, 3, 0).to(), kServer) << "of a small one";
    }
}

TEST_F(LargeRequest, FallsBackToUdpWhenTheStreamIsGone) {
    use(kBoth);
    open(kServerByTcp);
    EXPECT_EQ(send("INVITE", 1, 2000).to(), kServerByTcp);
    close();
    const Sent again = send("INVITE", 1, 2000);
    EXPECT_EQ(again.to(), kServer);
    EXPECT_TRUE(again.outcome.wants_stream);
    EXPECT_EQ(send("CANCEL", 1, 0).to(), kServer);
}

TEST_F(LargeRequest, StaysWithUdpWhereWeListenOnNothingElse) {
    use(kOneServer);
    open(kServerByTcp);
    const Sent sent = send("INVITE", 1, 2000);
    EXPECT_EQ(sent.to(), kServer);
    EXPECT_FALSE(sent.outcome.wants_stream);
}

TEST_F(LargeRequest, BeginsAt1301Bytes) {
    use(kBoth);
    open(kServerByTcp);
    const std::size_t around = send("MESSAGE", 1, 1000).bytes.size() - 1000;
    EXPECT_EQ(send("MESSAGE", 2, kLargestForUdp - around).bytes.size(), kLargestForUdp);
    EXPECT_EQ(send("MESSAGE", 2, kLargestForUdp - around).to(), kServer);
    EXPECT_EQ(send("MESSAGE", 3, kLargestForUdp - around + 1).to(), kServerByTcp);
}

}  // namespace
}  // namespace sipsteer::test
