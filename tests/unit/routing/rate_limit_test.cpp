#include "routing/rate_limit.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

const KeyedHash kHash = sample::key().table;

IpAddress address(std::string_view text) { return *parse_ip(text); }

int taken(RateLimit& limit, const IpAddress& from, std::uint32_t per_second, int tries, Milliseconds now) {
    int count = 0;
    for (int i = 0; i < tries; ++i) count += limit.take(kHash, from, per_second, now) ? 1 : 0;
    return count;
}

TEST(RateLimit, GivesOneSecondsWorthAtOnceAndThenAsMuchAsIsDue) {
    const auto limit = std::make_unique<RateLimit>();
    const IpAddress phone = address("192.0.2.7");
    EXPECT_EQ(taken(*limit, phone, 10, 100, Milliseconds{50'000}), 10);
    EXPECT_EQ(taken(*limit, phone, 10, 100, Milliseconds{50'099}), 0);
    EXPECT_EQ(taken(*limit, phone, 10, 100, Milliseconds{50'100}), 1);
    EXPECT_EQ(taken(*limit, phone, 10, 100, Milliseconds{50'600}), 5);
    EXPECT_EQ(taken(*limit, phone, 10, 100, Milliseconds{90'000}), 10)
        << "no more is saved than one second's";
}

TEST(RateLimit, AnyRate) {
    for (const std::uint32_t rate : {1U, 3U, 7U, 1000U, 65536U}) {
        const auto limit = std::make_unique<RateLimit>();
        const IpAddress phone = address("192.0.2.7");
        int count = 0;
        for (int ms = 0; ms < 10'000; ++ms) {
            count += taken(*limit, phone, rate, ms == 0 ? 70'000 : 70, Milliseconds{1'000'000 + ms});
        }
        EXPECT_GE(count, static_cast<int>(10 * rate)) << rate;
        EXPECT_LE(count, static_cast<int>(11 * rate + 1)) << rate;
    }
    const auto limit = std::make_unique<RateLimit>();
    EXPECT_EQ(taken(*limit, address("192.0.2.7"), 0xffffffff, 1000, Milliseconds{5}), 1000);
}

TEST(RateLimit, EachAddressHasItsOwnAndAHostOfIpv6OnlyOne) {
    const auto limit = std::make_unique<RateLimit>();
    const Milliseconds now{1'000'000};
    EXPECT_EQ(taken(*limit, address("192.0.2.7"), 5, 9, now), 5);
    EXPECT_EQ(taken(*limit, address("192.0.2.8"), 5, 9, now), 5);
    EXPECT_EQ(taken(*limit, address("2001:db8::1"), 5, 9, now), 5);
    EXPECT_EQ(taken(*limit, address("2001:db8::ffff:2"), 5, 9, now), 0);
    EXPECT_EQ(taken(*limit, address("2001:db8:0:1::1"), 5, 9, now), 5);
}

TEST(RateLimit, WorkersShareIt) {
    const auto limit = std::make_unique<RateLimit>();
    const IpAddress phone = address("192.0.2.7");
    std::atomic<int> count{0};
    std::vector<std::thread> workers;
    for (int i = 0; i < 4; ++i) {
        workers.emplace_back([&] { count += taken(*limit, phone, 1000, 5000, Milliseconds{7'000}); });
    }
    for (std::thread& worker : workers) worker.join();
    EXPECT_EQ(count.load(), 1000);
}

}  // namespace
}  // namespace sipsteer
