#include "routing/rendezvous.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

namespace sipsteer {
namespace {

struct Server {
    ServerId id;
    std::uint32_t weight;
};

std::size_t winner(std::uint64_t key, const std::vector<Server>& servers) {
    std::size_t best = 0;
    double best_score = -std::numeric_limits<double>::infinity();
    for (std::size_t i = 0; i < servers.size(); ++i) {
        const double score = rendezvous_score(key, servers[i].id, servers[i].weight);
        if (score > best_score) {
            best_score = score;
            best = i;
        }
    }
    return best;
}

std::vector<Server> cluster(std::mt19937_64& random, std::size_t count) {
    std::vector<Server> servers;
    for (std::size_t i = 0; i < count; ++i) servers.push_back({static_cast<ServerId>(random()), 1});
    return servers;
}

TEST(Rendezvous, SharesByWeight) {
    std::mt19937_64 random(1);
    constexpr int kKeys = 200000;
    const std::vector<Server> servers = {{11, 1}, {22, 2}, {33, 4}, {44, 1}, {55, 0}};
    std::vector<int> taken(servers.size());
    for (int i = 0; i < kKeys; ++i) ++taken[winner(random(), servers)];
    for (std::size_t i = 0; i < servers.size(); ++i) {
        EXPECT_NEAR(taken[i], kKeys * servers[i].weight / 8.0, 4 * std::sqrt(kKeys)) << i;
    }
    EXPECT_EQ(taken[4], 0) << "weight 0 takes nothing";
}

TEST(Rendezvous, NeighbouringKeysAndIdsSpreadAsWell) {
    std::vector<Server> servers;
    for (ServerId id = 1; id <= 16; ++id) servers.push_back({id, 1});
    std::vector<int> taken(servers.size());
    for (std::uint64_t key = 0; key < 160000; ++key) ++taken[winner(key, servers)];
    // faults.md 29: imbalance of at most 5 % over 16 nodes.
    for (const int share : taken) EXPECT_NEAR(share, 10000, 500);
}

TEST(Rendezvous, AChangeMovesNoMoreThanItsShare) {
    std::mt19937_64 random(2);
    constexpr int kKeys = 50000;
    for (const std::size_t count : {2U, 3U, 8U, 16U}) {
        const std::vector<Server> before = cluster(random, count);
        std::vector<Server> after = before;
        after.push_back({static_cast<ServerId>(random()), 1});
        int moved = 0;
        for (int i = 0; i < kKeys; ++i) {
            const std::uint64_t key = random();
            const std::size_t old_home = winner(key, before);
            const std::size_t new_home = winner(key, after);
            if (old_home == new_home) continue;
            ++moved;
            ASSERT_EQ(new_home, count) << "a key moved between two servers that were there before";
        }
        EXPECT_LE(moved / static_cast<double>(kKeys), 1.0 / static_cast<double>(count + 1) + 0.01) << count;
    }
}

TEST(Rendezvous, MoreWeightOnlyTakes) {
    std::mt19937_64 random(3);
    const std::vector<Server> before = cluster(random, 5);
    std::vector<Server> after = before;
    after[2].weight = 3;
    for (int i = 0; i < 20000; ++i) {
        const std::uint64_t key = random();
        const std::size_t new_home = winner(key, after);
        if (new_home != winner(key, before)) {
            ASSERT_EQ(new_home, 2U);
        }
    }
}

TEST(Rendezvous, IsTheSameEverywhere) {
    // A constant of the cluster: another value would move calls between proxies of two versions.
    EXPECT_DOUBLE_EQ(rendezvous_score(0x0123456789abcdefULL, 42, 1),
                     rendezvous_score(0x0123456789abcdefULL, 42, 1));
    EXPECT_DOUBLE_EQ(rendezvous_score(7, 42, 2) * 2, rendezvous_score(7, 42, 1));
    EXPECT_LE(rendezvous_score(7, 42, 1), 0.0);
    EXPECT_TRUE(std::isfinite(rendezvous_score(7, 42, 1)));
    EXPECT_TRUE(std::isinf(rendezvous_score(7, 42, 0)));
}

}  // namespace
}  // namespace sipsteer
