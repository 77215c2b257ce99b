// miss_limit.hpp and per_server.hpp.
#include <gtest/gtest.h>

#include "routing/miss_limit.hpp"
#include "routing/owner_counts.hpp"
#include "routing/per_server.hpp"
#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

TEST(MissLimit, IsPerAddressAndSecond) {
    const auto limit = std::make_unique<MissLimit>();
    const KeyedHash hash = sample::key().table;
    const IpAddress one = parse_ip("192.0.2.7").value();
    const IpAddress other = parse_ip("2001:db8::7").value();
    for (std::uint32_t i = 0; i < MissLimit::kPerSecond; ++i) {
        EXPECT_TRUE(limit->allows(hash, one, 10));
        limit->miss(hash, one, 10);
    }
    EXPECT_FALSE(limit->allows(hash, one, 10));
    EXPECT_TRUE(limit->allows(hash, other, 10));
    EXPECT_TRUE(limit->allows(hash, one, 11)) << "hits cost nothing, and every second starts anew";
}

TEST(PerServer, KeepsOneValueForEach) {
    const auto values = std::make_unique<PerServer<std::int64_t>>();
    EXPECT_EQ(values->get(5), 0);
    values->find_or_add(5)->store(7);
    values->find_or_add(5 + 1024)->store(8);  // the same place
    EXPECT_EQ(values->get(5), 7);
    EXPECT_EQ(values->get(5 + 1024), 8);
    EXPECT_EQ(values->get(5 + 2048), 0);
    EXPECT_EQ(values->find_or_add(5)->load(), 7);
}

TEST(PerServer, IsBounded) {
    const auto counts = std::make_unique<OwnerCounts>();
    for (ServerId id = 1; id <= 3000; ++id) counts->add(id, 1);
    EXPECT_EQ(counts->of(1), 1);
    EXPECT_EQ(counts->of(1000), 1);
    EXPECT_EQ(counts->of(3000), 0) << "no place, and no harm";
}

}  // namespace
}  // namespace sipsteer
