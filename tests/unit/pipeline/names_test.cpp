// A host name with several addresses as next hop: which one a call gets.
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/pipeline/test_proxy.hpp"

namespace sipsteer::test {
namespace {

constexpr std::string_view kUri = "sip:carrier.example";

std::string request(std::string_view method, int call) {
    const std::string number = std::to_string(call);
    return std::string(method) +
           " sip:bob@carrier.example SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.201:5060;branch=z9hG4bK" + number +
           "\r\nMax-Forwards: 70\r\nFrom: <sip:carol@example.com>;tag=s" + number +
           "\r\nTo: <sip:bob@carrier.example>\r\nCall-ID: out-" + number + "\r\nCSeq: 1 " +
           std::string(method) + "\r\nContent-Length: 0\r\n\r\n";
}

std::vector<HopAddress> two(std::uint32_t first, std::uint32_t second) {
    return {{endpoint_of("udp:198.51.100.1:5060"), 0, first},
            {endpoint_of("udp:198.51.100.2:5060"), 0, second}};
}

TEST(NextHopByName, CallsAreSpreadByWeight) {
    TestProxy proxy{snapshot_of(kOneServer), 4096};
    const auto addresses = two(3, 1);
    proxy.resolve(kUri, {addresses, 3600, false});
    std::map<std::string, int> calls;
    for (int call = 0; call < 2000; ++call)
        ++calls[proxy.deliver(request("INVITE", call), "udp:192.0.2.201:5060").to()];
    ASSERT_EQ(calls.size(), 2U);
    EXPECT_NEAR(calls["udp:198.51.100.1:5060"], 1500, 100);  // 5 standard deviations
}

TEST(NextHopByName, AllOfACallGoesOneWayOnEveryWorkerAndAfterARestart) {
    TestProxy one{snapshot_of(kOneServer), 4096};
    TestProxy other{one, snapshot_of(kOneServer)};
    const auto addresses = two(1, 1);
    one.resolve(kUri, {addresses, 3600, false});
    std::map<int, Sent> sent;
    for (int call = 0; call < 100; ++call) {
        sent[call] = one.deliver(request("INVITE", call), "udp:192.0.2.201:5060");
        for (TestProxy* proxy : {&one, &other}) {
            const Sent again = proxy->deliver(request("INVITE", call), "udp:192.0.2.201:5060");
            EXPECT_EQ(again.bytes, sent[call].bytes);
            EXPECT_EQ(again.to(), sent[call].to());
            EXPECT_EQ(proxy->deliver(request("CANCEL", call), "udp:192.0.2.201:5060").to(), sent[call].to());
        }
    }
    TestProxy restarted{snapshot_of(kOneServer), 4096};
    const std::vector<HopAddress> turned{addresses[1], addresses[0]};
    restarted.resolve(kUri, {turned, 3600, false});
    for (int call = 0; call < 100; ++call) {
        const Sent again = restarted.deliver(request("INVITE", call), "udp:192.0.2.201:5060");
        EXPECT_EQ(again.bytes, sent[call].bytes);
        EXPECT_EQ(again.to(), sent[call].to());
    }
}

}  // namespace
}  // namespace sipsteer::test
