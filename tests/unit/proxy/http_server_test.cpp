#include "proxy/http_server.hpp"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <memory>
#include <thread>
#include <vector>

namespace sipsteer {
namespace {

using namespace std::chrono_literals;

/// A blocking client: what a stranger could send, byte by byte.
class Client {
  public:
    explicit Client(std::uint16_t port) : fd_(::socket(AF_INET, SOCK_STREAM, 0)) {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    explicit Client(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_STREAM, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        path.copy(address.sun_path, sizeof address.sun_path - 1);
        connect(reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    ~Client() { ::close(fd_); }
    Client(const Client&) = delete;
    Client& operator=(const Client&) = delete;

    void send(const std::string& bytes) const { ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL); }

    /// Everything until the server closes.
    std::string read_all() const {
        std::string text;
        char block[4096];
        for (;;) {
            const auto got = ::recv(fd_, block, sizeof block, 0);
            if (got <= 0) return text;
            text.append(block, static_cast<std::size_t>(got));
        }
    }

    /// Until `end` has been seen.
    std::string read_until(const std::string& end) const {
        std::string text;
        char c = 0;
        while (!text.ends_with(end) && ::recv(fd_, &c, 1, 0) == 1) text += c;
        return text;
    }

  private:
    void connect(const sockaddr* address, socklen_t length) const {
        const timeval timeout{10, 0};  // a hanging server fails the test, it does not hang it
        ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
        ASSERT_EQ(::connect(fd_, address, length), 0);
    }
    int fd_;
};

class HttpServerTest : public testing::Test {
  protected:
    void SetUp() override {
        HttpRouter router;
        router.get("/live", [](const HttpRequest&) { return HttpResponse{200, "{\"live\":true}"}; });
        router.get("/big", [](const HttpRequest&) {
            return HttpResponse{200, std::string(1U << 20U, 'x'), "text/plain"};
        });
        HttpLimits limits;
        limits.connections = 4;
        limits.timeout_ms = 300;
        server_ = std::make_unique<HttpServer>(context_, std::move(router), limits);
        ASSERT_FALSE(server_->listen(*parse_ip("127.0.0.1"), 0));
        ASSERT_NE(server_->port(), 0);
    }
    void start() {
        thread_ = std::thread([this] { context_.run(); });
    }
    void TearDown() override {
        context_.stop();
        if (thread_.joinable()) thread_.join();
    }
    std::string once(const std::string& request) {
        Client client(server_->port());
        client.send(request);
        return client.read_all();
    }

    boost::asio::io_context context_;
    std::unique_ptr<HttpServer> server_;
    std::thread thread_;
};

TEST_F(HttpServerTest, GetAndHead) {
    start();
    const auto get = once("GET /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_TRUE(get.starts_with("HTTP/1.1 200 OK\r\n")) << get;
    EXPECT_NE(get.find("Content-Type: application/json\r\n"), std::string::npos) << get;
    EXPECT_NE(get.find("Content-Length: 13\r\n"), std::string::npos) << get;
    EXPECT_TRUE(get.ends_with("\r\n\r\n{\"live\":true}")) << get;
    const auto head = once("HEAD /live HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    EXPECT_NE(head.find("Content-Length: 13\r\n"), std::string::npos) << head;
    EXPECT_TRUE(head.ends_with("\r\n\r\n")) << head;
    EXPECT_EQ(once("GET /big HTTP/1.0\r\n\r\n").size() > (1U << 20U), true);
}

TEST_F(HttpServerTest, SeveralRequestsOnOneConnection) {
    start();
    const Client client(server_->port());
    for (int i = 0; i < 3; ++i) {
        client.send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_TRUE(client.read_until("{\"live\":true}").starts_with("HTTP/1.1 200 OK"));
    }
}

TEST_F(HttpServerTest, Refusals) {
    start();
    EXPECT_TRUE(once("GET /nothing HTTP/1.0\r\n\r\n").starts_with("HTTP/1.0 404 "));
    const auto post = once("POST /live HTTP/1.0\r\nContent-Length: 2\r\n\r\nhi");
    EXPECT_TRUE(post.starts_with("HTTP/1.0 405 ")) << post;
    EXPECT_NE(post.find("Allow: GET, HEAD\r\n"), std::string::npos) << post;
    EXPECT_TRUE(once("INVITE sip:a@b SIP/2.0\r\n\r\n").starts_with("HTTP/1.1 400 "));
    EXPECT_TRUE(once("GET /live HTTP/1.0\r\nX: " + std::string(20000, 'a') + "\r\n\r\n")
                    .starts_with("HTTP/1.1 431 "));
    EXPECT_TRUE(once("GET /live HTTP/1.0\r\nContent-Length: 999999\r\n\r\n").starts_with("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, SlowClientsAreCutOff) {
    start();
    const Client client(server_->port());
    client.send("GET /li");
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_EQ(client.read_all(), "");
    EXPECT_LT(std::chrono::steady_clock::now() - begin, 5s);
}

TEST_F(HttpServerTest, FurtherConnectionsAreClosedAtOnce) {
    start();
    std::vector<std::unique_ptr<Client>> idle;
    for (int i = 0; i < 4; ++i) {
        idle.push_back(std::make_unique<Client>(server_->port()));
        idle.back()->send("GET /live HTTP/1.1\r\nHost: x\r\n\r\n");
        EXPECT_NE(idle.back()->read_until("{\"live\":true}"), "");
    }
    EXPECT_EQ(once(""), "");
    // When the idle ones have timed out there is room again.
    for (const auto& client : idle) EXPECT_EQ(client->read_all(), "");
    EXPECT_NE(once("GET /live HTTP/1.0\r\n\r\n"), "");
}

TEST_F(HttpServerTest, BindFailureIsReported) {
    HttpServer second(context_, HttpRouter{});
    EXPECT_EQ(second.listen(*parse_ip("127.0.0.1"), server_->port()), boost::system::errc::address_in_use);
    EXPECT_EQ(second.port(), 0);
    EXPECT_EQ(second.listen(*parse_ip("192.0.2.1"), 0), boost::system::errc::address_not_available);
    EXPECT_FALSE(second.listen(*parse_ip("::1"), 0));
    EXPECT_NE(second.port(), 0);
}

TEST_F(HttpServerTest, UnixSocket) {
    const auto path = testing::TempDir() + "sipsteer_http_" + std::to_string(::getpid());
    ASSERT_FALSE(server_->listen_unix(path));
    struct stat status {};
    ASSERT_EQ(::stat(path.c_str(), &status), 0);
    EXPECT_EQ(status.st_mode & 07, 0U) << "others must not connect";
    start();
    const Client client(path);
    client.send("GET /live HTTP/1.0\r\n\r\n");
    EXPECT_TRUE(client.read_all().ends_with("{\"live\":true}"));
    // A live socket is not taken away, a stale one is replaced.
    boost::asio::io_context other;
    EXPECT_EQ(HttpServer(other, HttpRouter{}).listen_unix(path), boost::system::errc::address_in_use);
    TearDown();
    server_.reset();
    EXPECT_FALSE(HttpServer(other, HttpRouter{}).listen_unix(path));
    ::unlink(path.c_str());
    EXPECT_EQ(HttpServer(other, HttpRouter{}).listen_unix(std::string(200, 'x')),
              boost::system::errc::filename_too_long);
}

}  // namespace
}  // namespace sipsteer
