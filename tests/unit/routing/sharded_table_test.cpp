// The table against a plain model: the same operations on a multimap must leave the same records.
#include "routing/sharded_table.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <thread>

namespace sipsteer {
namespace {

struct Record {
    std::uint64_t hash = 0;
    std::uint32_t value = 0;
    Seconds until = 0;

    [[nodiscard]] Seconds expires() const noexcept { return until; }
    [[nodiscard]] std::uint64_t eviction_rank() const noexcept { return until; }
};

struct Count {
    std::atomic<int>* removed;
    void operator()(const Record&) const noexcept { removed->fetch_add(1, std::memory_order_relaxed); }
};
using Table = ShardedTable<Record, Count>;

std::multiset<std::uint32_t> values(Table& table, std::uint64_t hash, Seconds now) {
    std::multiset<std::uint32_t> found;
    Table::Locked shard{table, hash};
    (void)shard.find(now, [&found](const Record& record) {
        found.insert(record.value);
        return false;
    });
    return found;
}

void insert(Table& table, std::uint64_t hash, std::uint32_t value, Seconds until, Seconds now) {
    Table::Locked shard{table, hash};
    Record record;
    record.value = value;
    record.until = until;
    (void)shard.insert(record, now);
}

TEST(ShardedTable, HoldsWhatAModelHolds) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 20; ++round) {
        std::atomic<int> removed{0};
        Table table(3000, Count{&removed});
        struct Entry {
            std::uint32_t value;
            Seconds until;
        };
        std::multimap<std::uint64_t, Entry> model;
        // Few low bits, so that chains are long, run into each other and wrap around.
        const auto hash = [&random] {
            return (random() % 40 + 1) | (random() % 8) << 60 | (random() % 2 == 0 ? 0xff0U : 0U);
        };
        Seconds now = 10;
        for (std::uint32_t step = 0; step < 3000; ++step) {
            now += random() % 20 == 0 ? 1U : 0U;
            if (random() % 3 != 0 && model.size() < 2900) {
                const std::uint64_t at = hash();
                const Seconds until = now + 1 + static_cast<Seconds>(random() % 60);
                insert(table, at, step, until, now);
                model.emplace(at, Entry{step, until});
            } else {
                table.sweep(now, 1 + random() % 200);
            }
            const std::uint64_t asked = hash();
            std::multiset<std::uint32_t> expected;
            for (auto [it, end] = model.equal_range(asked); it != end; ++it) {
                if (it->second.until > now) expected.insert(it->second.value);
            }
            ASSERT_EQ(values(table, asked, now), expected) << "step " << step;
        }
        ASSERT_EQ(table.evictions(), 0U);
        ASSERT_EQ(table.size() + static_cast<std::size_t>(removed), model.size());
        for (int i = 0; i < 100; ++i) table.sweep(now + 1000, 10000);
        EXPECT_EQ(table.size(), 0U);
        EXPECT_EQ(static_cast<std::size_t>(removed), model.size());
    }
}

TEST(ShardedTable, NeverHoldsMoreThanItsBound) {
    for (const std::size_t bound : {1U, 2U, 7U, 100U, 5000U, 20000U, 70000U}) {
        std::atomic<int> removed{0};
        Table table(bound, Count{&removed});
        std::mt19937_64 random(bound);
        for (std::uint32_t i = 0; i < 3 * bound + 100; ++i) {
            insert(table, random() | 1, i, 1000 + i % 7, 10);
            ASSERT_LE(table.size(), bound);
        }
        EXPECT_EQ(table.capacity(), bound);
        EXPECT_EQ(table.evictions(), static_cast<std::uint64_t>(removed));
        EXPECT_EQ(table.size() + table.evictions(), 3 * bound + 100);
        EXPECT_GE(table.size(), bound * 9 / 10) << "evicts long before it is full";
    }
}

TEST(ShardedTable, EvictsTheLowestRankOfASmallTable) {
    std::atomic<int> removed{0};
    Table table(50, Count{&removed});
    std::mt19937_64 random(3);
    std::map<std::uint64_t, Seconds> live;
    for (std::uint32_t i = 0; i < 500; ++i) {
        const std::uint64_t hash = random() | 1;
        const Seconds until = 1000 + static_cast<Seconds>(random() % 100000) * 8 + i % 8;
        if (live.size() == 50) {
            live.erase(std::ranges::min_element(live, {}, [](const auto& one) { return one.second; }));
        }
        insert(table, hash, i, until, 10);
        live[hash] = until;
        for (const auto& [held, expires] : live) ASSERT_EQ(values(table, held, 10).size(), 1U) << i;
    }
}

TEST(ShardedTable, TakesAnExpiredOneBeforeALiveOne) {
    std::atomic<int> removed{0};
    Table table(10, Count{&removed});
    for (std::uint32_t i = 1; i <= 10; ++i) insert(table, i, i, i == 5 ? 20 : 100, 10);
    insert(table, 77, 77, 100, 50);
    EXPECT_EQ(table.evictions(), 0U);
    for (std::uint64_t i = 1; i <= 10; ++i) EXPECT_EQ(values(table, i, 50).size(), i == 5 ? 0U : 1U);
    EXPECT_EQ(values(table, 77, 50).size(), 1U);
}

TEST(ShardedTable, WhatOneThreadWroteTheNextOneSees) {
    std::atomic<int> removed{0};
    Table table(100000, Count{&removed});
    constexpr std::uint64_t kEach = 20000;
    std::vector<std::thread> threads;
    std::atomic<int> missed{0};
    for (std::uint64_t t = 0; t < 4; ++t) {
        threads.emplace_back([&table, &missed, t] {
            for (std::uint64_t i = 1; i <= kEach; ++i) {
                const std::uint64_t hash = (i * 4 + t) * 0x9e3779b97f4a7c15ULL;
                insert(table, hash, static_cast<std::uint32_t>(i), 1000, 10);
                if (values(table, hash, 10).size() != 1) ++missed;
                if (i % 64 == 0) table.sweep(10, 64);
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_EQ(missed, 0);
    EXPECT_EQ(table.size(), 4 * kEach);
}

}  // namespace
}  // namespace sipsteer
