#include "proxy/refusals.hpp"

#include <gtest/gtest.h>

#include <boost/asio/io_context.hpp>
#include <cstring>
#include <string>

#include "proxy/receive_batch.hpp"
#include "proxy/send_batch.hpp"
#include "proxy/udp_socket.hpp"

namespace sipsteer {
namespace {

struct Refusals : testing::TestWithParam<const char*> {
    boost::asio::io_context context;

    Endpoint loopback() const { return {parse_ip(GetParam()).value(), 0, Transport::udp}; }
    boost::asio::ip::udp::socket open() {
        boost::system::error_code error;
        auto socket = open_udp(context, loopback(), 0, error);
        if (error) throw boost::system::system_error{error};
        return socket;
    }
    Endpoint at(const boost::asio::ip::udp::socket& socket) const {
        Endpoint endpoint = loopback();
        endpoint.port = socket.local_endpoint().port();
        return endpoint;
    }
};

TEST_P(Refusals, AreReadAndCostNoOtherDatagram) {
    if (std::strchr(GetParam(), ':') != nullptr) {
        boost::system::error_code error;
        static_cast<void>(open_udp(context, loopback(), 0, error));
        if (error) GTEST_SKIP() << "no IPv6 here";
    }
    auto sender = open();
    auto live = open();
    const Endpoint closed = at(open());  // its port is free again
    SendBatch out;
    ReceiveBatch in;
    int sent = 0;
    for (int round = 0; round < 10; ++round) {
        for (int i = 0; i < 8; ++i) {
            std::memcpy(out.slot().data(), "x", 1);
            out.add(sender.native_handle(), i % 2 == 0 ? closed : at(live), 1);
        }
        out.flush([&sent](std::size_t i, bool taken) { sent += i % 2 == 1 && taken ? 1 : 0; });
    }
    EXPECT_EQ(sent, 40) << "the error of one is not another's";
    EXPECT_EQ(in.receive(sender.native_handle()), 0U);
    EXPECT_TRUE(out.take_error() || in.take_error());
    EXPECT_FALSE(out.take_error());
    std::size_t arrived = 0;
    while (const std::size_t count = in.receive(live.native_handle())) arrived += count;
    EXPECT_EQ(arrived, 40U);
    int refused = 0;
    while (const auto to = next_refusal(sender.native_handle())) {
        EXPECT_EQ(*to, closed);
        ++refused;
    }
    EXPECT_GE(refused, 1);
    EXPECT_FALSE(next_refusal(live.native_handle()).has_value());
}

INSTANTIATE_TEST_SUITE_P(Families, Refusals, testing::Values("127.0.0.1", "::1"), [](const auto& family) {
    return std::string{family.param[0] == ':' ? "v6" : "v4"};
});

}  // namespace
}  // namespace sipsteer
