#include "bench/load/stream.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <string>
#include <vector>

namespace sipsteer::load {
namespace {

const std::string kWithBody = "SIP/2.0 200 OK\r\nContent-Length: 4\r\n\r\nv=0\n";
const std::string kWithout = "BYE sip:a@b SIP/2.0\r\nCall-ID: x\r\nContent-Length: 0\r\n\r\n";

class StreamTest : public testing::Test {
  protected:
    StreamTest() {
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends_) != 0)
            throw std::runtime_error("socketpair");
        stream_ = std::make_unique<Stream>(ends_[0], PortIndex{3}, nullptr);
    }
    ~StreamTest() override {
        if (ends_[1] >= 0) ::close(ends_[1]);
    }

    void arrive(std::string_view bytes) {
        ASSERT_EQ(::send(ends_[1], bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
        EXPECT_TRUE(read());
    }
    bool read() {
        return stream_->read([this](std::string_view message) { messages_.emplace_back(message); });
    }

    int ends_[2]{-1, -1};
    std::unique_ptr<Stream> stream_;
    std::vector<std::string> messages_;
};

TEST_F(StreamTest, SeveralMessagesInOneRead) {
    arrive(kWithBody + kWithout + kWithBody);
    EXPECT_EQ(messages_, (std::vector{kWithBody, kWithout, kWithBody}));
}

TEST_F(StreamTest, OneByteAtATime) {
    for (const char byte : kWithBody + kWithout) arrive({&byte, 1});
    EXPECT_EQ(messages_, (std::vector{kWithBody, kWithout}));
}

TEST_F(StreamTest, SendsWhatIsQueuedAndStampsIt) {
    Time first = 0;
    Time second = 0;
    stream_->queue("one", first);
    stream_->queue("two", second);
    EXPECT_TRUE(stream_->has_rest());
    EXPECT_TRUE(stream_->flush());
    EXPECT_FALSE(stream_->has_rest());
    EXPECT_GT(first, 0);
    EXPECT_EQ(first, second);
    char buffer[16];
    ASSERT_EQ(::recv(ends_[1], buffer, sizeof buffer, 0), 6);
    EXPECT_EQ(std::string(buffer, 6), "onetwo");
}

TEST_F(StreamTest, WhatDoesNotFitWaits) {
    Time stamp = 0;
    const std::string large(4 << 20, 'x');
    stream_->queue(large, stamp);
    EXPECT_TRUE(stream_->flush());
    EXPECT_TRUE(stream_->has_rest());
    std::size_t received = 0;
    std::vector<char> buffer(1 << 20);
    for (int i = 0; i < 1000 && received < large.size(); ++i) {
        const ssize_t count = ::recv(ends_[1], buffer.data(), buffer.size(), 0);
        if (count > 0) received += static_cast<std::size_t>(count);
        EXPECT_TRUE(stream_->flush());
    }
    EXPECT_EQ(received, large.size());
    EXPECT_FALSE(stream_->has_rest());
}

TEST_F(StreamTest, SeesThatItIsClosed) {
    ::close(ends_[1]);
    ends_[1] = -1;
    EXPECT_FALSE(read());
}

}  // namespace
}  // namespace sipsteer::load
