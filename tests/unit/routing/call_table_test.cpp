#include "routing/call_table.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <vector>

namespace sipsteer {
namespace {

constexpr ServerId kA = 101;
constexpr ServerId kB = 202;
constexpr DialogKey kKey{7, 1, 2};
constexpr CallTable::Lifetime kHour{3600, false};

struct Calls : testing::Test {
    CallTable table{1000};
    Seconds now = 100;

    [[nodiscard]] ServerId owner(const DialogKey& key = kKey) const {
        const auto found = table.find(key, now);
        return found ? found->server : kNoServer;
    }
    [[nodiscard]] int state(const DialogKey& key = kKey) const {
        const auto found = table.find(key, now);
        return found ? static_cast<int>(found->state) : 0;
    }
};

constexpr int kNone = 0;
constexpr int kEarly = 1;
constexpr int kConfirmed = 2;
constexpr int kGrace = 3;

TEST_F(Calls, KnowsNothingAtFirst) {
    EXPECT_EQ(owner(), kNoServer);
    EXPECT_EQ(table.size(), 0U);
    EXPECT_TRUE(table.find_all(7, now).empty());
}

TEST_F(Calls, MatchesCallIdAndBothTags) {
    table.learn(kKey, kA, DialogState::confirmed, now, kHour);
    EXPECT_EQ(owner(), kA);
    EXPECT_EQ(owner({8, 1, 2}), kNoServer);
    EXPECT_EQ(owner({7, 1, 3}), kNoServer);
    EXPECT_EQ(owner({7, 3, 2}), kNoServer);
    EXPECT_EQ(owner(kKey.reversed()), kNoServer) << "swapped tags name the other end (requirement 63)";
}

TEST_F(Calls, ADialogBetweenTwoServersHasTwoOwners) {
    table.learn(kKey, kA, DialogState::confirmed, now, kHour);
    table.learn(kKey.reversed(), kB, DialogState::confirmed, now, kHour);
    EXPECT_EQ(owner(), kA);
    EXPECT_EQ(owner(kKey.reversed()), kB);
    EXPECT_EQ(table.find_all(7, now).size(), 2U);
}

TEST_F(Calls, TheFirstOwnerStays) {
    table.learn(kKey, kA, DialogState::early, now, kHour);
    table.learn(kKey, kB, DialogState::confirmed, now, kHour);
    EXPECT_EQ(owner(), kA);
    EXPECT_EQ(state(), kEarly);
    table.end(kKey, kB, now);
    table.end_early(7, 2, false, kB, now);
    table.refresh(kKey, kB, now, kHour);
    table.witness(kKey, kB, now, 3600);
    EXPECT_EQ(owner(), kA);
    EXPECT_EQ(state(), kEarly);
}

TEST_F(Calls, StatesFollowTheDialog) {
    table.learn(kKey, kA, DialogState::early, now, {CallTable::kEarly, false});
    EXPECT_EQ(state(), kEarly);
    table.learn(kKey, kA, DialogState::confirmed, now, kHour);
    EXPECT_EQ(state(), kConfirmed);
    table.learn(kKey, kA, DialogState::early, now, {CallTable::kEarly, false});
    EXPECT_EQ(state(), kConfirmed) << "a late 180 does not make it early again";
    table.end(kKey, kA, now);
    EXPECT_EQ(state(), kGrace) << "its transfer may still be on the way";
    EXPECT_EQ(owner(), kA);
    table.learn(kKey, kA, DialogState::confirmed, now, kHour);
    EXPECT_EQ(state(), kGrace) << "a repeated 200 does not revive it";
    table.end(kKey, kA, now + 10);
    now += CallTable::kGrace - 1;
    EXPECT_EQ(state(), kGrace);
    now += 1;
    EXPECT_EQ(state(), kNone) << "a second BYE does not prolong the grace";
    table.learn(kKey, kA, DialogState::confirmed, now, kHour);
    EXPECT_EQ(state(), kConfirmed);
}

TEST_F(Calls, AFailedRequestDoesNotEndWhatLives) {
    table.fail(kKey, kA, now);
    EXPECT_EQ(state(), kNone);
    table.learn(kKey, kA, DialogState::early, now, kHour);
    table.fail(kKey, kA, now);
    EXPECT_EQ(state(), kEarly);
    table.learn(kKey, kA, DialogState::confirmed, now, kHour);
    for (const auto& sign_of_life : std::vector<std::function<void()>>{
             [&] { table.refresh(kKey, kA, now, kHour); },
             [&] { table.witness(kKey, kA, now, 3600); },
             [&] { table.learn(kKey, kA, DialogState::confirmed, now, kHour); },
         }) {
        table.fail(kKey, kB, now);
        EXPECT_EQ(state(), kConfirmed) << "another server has nothing to say";
        table.fail(kKey, kA, now);
        EXPECT_EQ(state(), kGrace);
        EXPECT_EQ(table.counts().of(kA), 0);
        sign_of_life();
        EXPECT_EQ(state(), kConfirmed);
        EXPECT_EQ(table.counts().of(kA), 1);
        now += CallTable::kGrace + 1;
        EXPECT_EQ(state(), kConfirmed);
    }
    table.fail(kKey, kA, now);
    table.end(kKey, kA, now);
    table.refresh(kKey, kA, now, kHour);
    table.witness(kKey, kA, now, 3600);
    table.learn(kKey, kA, DialogState::confirmed, now, kHour);
    EXPECT_EQ(state(), kGrace) << "but BYE is the end";
    EXPECT_EQ(table.counts().of(kA), 0);
}

TEST_F(Calls, AnAnswerBringsBackWhatAFinalOneHasEnded) {
    table.learn(kKey, kA, DialogState::early, now, kHour);
    table.end_early(7, 2, false, kA, now);
    EXPECT_EQ(state(), kGrace);
    table.learn(kKey, kA, DialogState::early, now, kHour);
    table.refresh(kKey, kA, now, kHour);
    EXPECT_EQ(state(), kGrace) << "a late 180 or 200 to PRACK says nothing";
    table.learn(kKey, kA, DialogState::confirmed, now, kHour);
    EXPECT_EQ(state(), kConfirmed);
    EXPECT_EQ(table.counts().of(kA), 1);
}

TEST_F(Calls, ACancelledOneEndsSoonUnlessItIsAnswered) {
    const DialogKey other{7, 3, 4};
    table.learn(kKey, kA, DialogState::early, now, {CallTable::kEarly, false});
    table.learn(other, kA, DialogState::early, now, {CallTable::kEarly, false});
    table.cancel_early(7, 2, false, kA, now);
    table.cancel_early(7, 3, true, kA, now);
    EXPECT_EQ(state(), kEarly);
    table.learn(other, kA, DialogState::confirmed, now, kHour);
    now += CallTable::kGrace;
    EXPECT_EQ(state(), kNone);
    EXPECT_EQ(state(other), kConfirmed);
}

TEST_F(Calls, ExpireInTime) {
    table.learn(kKey, kA, DialogState::early, now, {CallTable::kEarly, false});
    now += CallTable::kEarly - 1;
    EXPECT_EQ(state(), kEarly);
    now += 1;
    EXPECT_EQ(state(), kNone);
    for (int i = 0; i < 10; ++i) table.sweep(now, 100000);
    EXPECT_EQ(table.size(), 0U);
    EXPECT_EQ(table.counts().of(kA), 0);
}

TEST_F(Calls, SignsOfLifeProlong) {
    table.learn(kKey, kA, DialogState::confirmed, now, {100, false});
    now += 90;
    table.refresh(kKey, kA, now, {100, false});
    now += 90;
    EXPECT_EQ(state(), kConfirmed);
    table.refresh(kKey, kA, now, {1, false});
    now += 9;
    EXPECT_EQ(state(), kConfirmed) << "a sign of life never shortens";
    now += 1;
    EXPECT_EQ(state(), kNone);
}

TEST_F(Calls, ASessionTimerRules) {
    table.learn(kKey, kA, DialogState::confirmed, now, {1000, false});
    table.refresh(kKey, kA, now, {50, true});
    table.refresh(kKey, kA, now, {1000, false});
    now += 50;
    EXPECT_EQ(state(), kNone) << "only the next negotiation changes a negotiated lifetime (RFC 4028)";
    table.learn(kKey, kA, DialogState::confirmed, now, {50, true});
    table.refresh(kKey, kA, now, {200, true});
    now += 199;
    EXPECT_EQ(state(), kConfirmed);
}

TEST_F(Calls, RefreshLeavesEarlyAndEndedOnesAlone) {
    table.learn(kKey, kA, DialogState::early, now, {10, false});
    table.refresh(kKey, kA, now, kHour);
    now += 10;
    EXPECT_EQ(state(), kNone);
    table.learn(kKey, kA, DialogState::confirmed, now, kHour);
    table.end(kKey, kA, now);
    table.refresh(kKey, kA, now, kHour);
    now += CallTable::kGrace;
    EXPECT_EQ(state(), kNone);
}

TEST_F(Calls, AWitnessFillsALostTable) {
    table.witness(kKey, kA, now, 100);
    EXPECT_EQ(state(), kConfirmed);
    EXPECT_EQ(owner(), kA);
    now += 50;
    table.witness(kKey, kA, now, 100);
    now += 99;
    EXPECT_EQ(state(), kConfirmed);
}

TEST_F(Calls, AFinalFailureEndsAllEarlyForks) {
    for (std::uint32_t fork = 1; fork <= 3; ++fork) {
        table.learn({7, fork, 2}, kA, fork == 2 ? DialogState::confirmed : DialogState::early, now, kHour);
    }
    table.learn({7, 9, 3}, kA, DialogState::early, now, kHour);
    table.learn({7, 10, 2}, kB, DialogState::early, now, kHour);
    table.end_early(7, 2, false, kA, now);
    EXPECT_EQ(state({7, 1, 2}), kGrace);
    EXPECT_EQ(state({7, 2, 2}), kConfirmed) << "the 2xx of one fork stays";
    EXPECT_EQ(state({7, 3, 2}), kGrace);
    EXPECT_EQ(state({7, 9, 3}), kEarly) << "another caller";
    EXPECT_EQ(state({7, 10, 2}), kEarly) << "another server";
    table.learn({8, 1, 2}, kA, DialogState::early, now, kHour);
    table.end_early(8, 1, true, kA, now);
    EXPECT_EQ(state({8, 1, 2}), kGrace) << "by the tag of the server's own end";
}

TEST_F(Calls, ForksOfACallIdAreBounded) {
    for (std::uint32_t fork = 1; fork <= 100; ++fork)
        table.learn({7, fork, 2}, kA, DialogState::early, now, kHour);
    EXPECT_EQ(table.size(), CallTable::kMaxForks);
    EXPECT_EQ(owner({7, 1, 2}), kA);
    EXPECT_EQ(owner({7, 17, 2}), kNoServer);
}

TEST_F(Calls, ACancelFindsThePeerOfOneServerOnly) {
    table.learn({7, 1, 2}, kA, DialogState::early, now, kHour);
    table.learn({7, 3, 2}, kA, DialogState::early, now, kHour);
    EXPECT_EQ(table.find_peer(7, 2, now)->server, kA);
    EXPECT_FALSE(table.find_peer(7, 9, now));
    table.learn({7, 4, 2}, kB, DialogState::early, now, kHour);
    EXPECT_FALSE(table.find_peer(7, 2, now)) << "two servers: never a guess";
}

TEST_F(Calls, CountsEarlyAndConfirmedOnesOfEachServer) {
    table.learn({1, 1, 2}, kA, DialogState::early, now, kHour);
    table.learn({2, 1, 2}, kA, DialogState::confirmed, now, kHour);
    table.learn({2, 1, 2}, kA, DialogState::confirmed, now, kHour);
    table.learn({3, 1, 2}, kB, DialogState::confirmed, now, kHour);
    EXPECT_EQ(table.counts().of(kA), 2);
    EXPECT_EQ(table.counts().of(kB), 1);
    table.end({2, 1, 2}, kA, now);
    table.end({2, 1, 2}, kA, now);
    table.end_early(1, 2, false, kA, now);
    EXPECT_EQ(table.counts().of(kA), 0);
    now += CallTable::kGrace;
    for (int i = 0; i < 10; ++i) table.sweep(now, 100000);
    EXPECT_EQ(table.counts().of(kA), 0);
    EXPECT_EQ(table.counts().of(999), 0);
}

TEST_F(Calls, AFloodOfEarlyOnesDoesNotPushOutConfirmedOnes) {
    CallTable small{60};
    for (std::uint64_t i = 1; i <= 20; ++i)
        small.learn({i * 0x9e3779b97f4a7c15ULL, 1, 2}, kA, DialogState::confirmed, now, kHour);
    for (std::uint64_t i = 1000; i < 3000; ++i)
        small.learn({i * 0x9e3779b97f4a7c15ULL, 1, 2}, kB, DialogState::early, now, kHour);
    EXPECT_LE(small.size(), 60U);
    for (std::uint64_t i = 1; i <= 20; ++i)
        EXPECT_TRUE(small.find({i * 0x9e3779b97f4a7c15ULL, 1, 2}, now)) << i;
    EXPECT_EQ(small.counts().of(kA), 20);
    EXPECT_EQ(small.counts().of(kB), 40);
}

/// Random operations against a plain map: the states and owners must be the same throughout.
TEST_F(Calls, BehaveLikeAModel) {
    struct Entry {
        ServerId server;
        int state;
        Seconds until;
        bool timed;
        bool failed = false;  ///< in grace, and not for good
    };
    std::map<std::tuple<std::uint64_t, std::uint32_t, std::uint32_t>, Entry> model;
    std::mt19937_64 random(5);
    const auto live = [&](const DialogKey& key) -> Entry* {
        const auto found = model.find({key.call, key.local, key.remote});
        return found != model.end() && found->second.until > now ? &found->second : nullptr;
    };
    for (int step = 0; step < 100000; ++step) {
        if (random() % 50 == 0) now += static_cast<Seconds>(random() % 20);
        const DialogKey key{1 + random() % 30, 1 + static_cast<std::uint32_t>(random() % 3),
                            1 + static_cast<std::uint32_t>(random() % 3)};
        const ServerId server = random() % 4 == 0 ? kB : kA;
        const CallTable::Lifetime lifetime{1 + static_cast<Seconds>(random() % 100), random() % 4 == 0};
        Entry* entry = live(key);
        switch (random() % 6) {
            case 0:
            case 1: {
                const int state = random() % 2 == 0 ? kEarly : kConfirmed;
                table.learn(key, server, static_cast<DialogState>(state), now, lifetime);
                if (entry == nullptr) {
                    model[{key.call, key.local, key.remote}] = {server, state, now + lifetime.seconds,
                                                                lifetime.timed};
                } else if (entry->server == server &&
                           (entry->state == kGrace ? entry->failed && state == kConfirmed
                                                   : state >= entry->state)) {
                    *entry = {server, state, now + lifetime.seconds, lifetime.timed};
                }
                break;
            }
            case 2:
                table.refresh(key, server, now, lifetime);
                if (entry == nullptr || entry->server != server ||
                    (entry->state != kConfirmed && !entry->failed)) {
                    break;
                }
                if (lifetime.timed || entry->failed) {
                    *entry = {server, kConfirmed, now + lifetime.seconds, lifetime.timed};
                } else if (!entry->timed) {
                    entry->until = std::max(entry->until, now + lifetime.seconds);
                }
                break;
            case 3:
                table.end(key, server, now);
                if (entry == nullptr || entry->server != server) break;
                if (entry->state != kGrace) *entry = {server, kGrace, now + CallTable::kGrace, false};
                entry->failed = false;
                break;
            case 4:
                table.fail(key, server, now);
                if (entry != nullptr && entry->server == server && entry->state == kConfirmed)
                    *entry = {server, kGrace, now + CallTable::kGrace, false, true};
                break;
            default: table.sweep(now, 50);
        }
        const Entry* expected = live(key);
        ASSERT_EQ(state(key), expected == nullptr ? kNone : expected->state) << step;
        ASSERT_EQ(owner(key), expected == nullptr ? kNoServer : expected->server) << step;
        if (expected != nullptr) {
            ASSERT_EQ(table.find(key, now)->expires, expected->until) << step;
        }
    }
}

}  // namespace
}  // namespace sipsteer
