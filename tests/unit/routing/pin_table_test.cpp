#include "routing/pin_table.hpp"

#include <gtest/gtest.h>

namespace sipsteer {
namespace {

constexpr ServerId kA = 101;
constexpr ServerId kB = 202;
constexpr std::uint32_t kCSeq = 70000;

ServerId pinned(const PinTable& pins, std::uint64_t key, Seconds now) {
    const auto pin = pins.find(key, now);
    return pin ? pin->server : kNoServer;
}

TEST(PinTable, TheFirstWriterWins) {
    PinTable pins{100};
    EXPECT_EQ(pins.pin(1, {kA, RouteReason::transfer_owner}, kCSeq, 10).server, kA);
    const Pin second = pins.pin(1, {kB, RouteReason::new_call}, kCSeq, 10);
    EXPECT_EQ(second.server, kA);
    EXPECT_EQ(second.reason, RouteReason::transfer_owner);
    EXPECT_EQ(pins.find(1, 10)->reason, RouteReason::transfer_owner);
    EXPECT_EQ(pinned(pins, 2, 10), kNoServer);
    EXPECT_EQ(pins.size(), 1U);
}

TEST(PinTable, LivesAsLongAsItsTransaction) {
    PinTable pins{100};
    (void)pins.pin(1, {kA}, kCSeq, 0);
    EXPECT_EQ(pinned(pins, 1, PinTable::kUnanswered - 1), kA);
    EXPECT_GE(PinTable::kUnanswered - 1, 32U) << "64*T1";
    EXPECT_EQ(pinned(pins, 1, PinTable::kUnanswered), kNoServer);

    (void)pins.pin(2, {kA}, kCSeq, 0);
    (void)pins.pin(2, {kA}, kCSeq, 20);
    EXPECT_EQ(pinned(pins, 2, 20 + PinTable::kUnanswered - 1), kA) << "a retransmission prolongs";

    (void)pins.pin(3, {kA}, kCSeq, 0);
    pins.answered(3, kNoServer, 180, kCSeq, 5);
    EXPECT_EQ(pinned(pins, 3, 5 + PinTable::kRinging - 1), kA);
    EXPECT_EQ(pinned(pins, 3, 5 + PinTable::kRinging), kNoServer);

    (void)pins.pin(4, {kA}, kCSeq, 0);
    pins.answered(4, kNoServer, 180, kCSeq, 5);
    pins.answered(4, kNoServer, 486, kCSeq, 100);
    EXPECT_EQ(pinned(pins, 4, 100 + PinTable::kAnswered - 1), kA);
    EXPECT_EQ(pinned(pins, 4, 100 + PinTable::kAnswered), kNoServer);

    pins.answered(5, kNoServer, 486, kCSeq, 0);
    EXPECT_EQ(pinned(pins, 5, 1), kNoServer) << "an answer from outside alone makes no pin";
}

TEST(PinTable, TheAnswerOfAServerBringsALostPinBack) {
    PinTable pins{100};
    pins.answered(1, kA, 100, kCSeq, 0);
    EXPECT_EQ(pins.find(1, PinTable::kRinging - 1)->server, kA);
    EXPECT_EQ(pins.find(1, 1)->reason, RouteReason::pinned);
    pins.answered(2, kA, 486, kCSeq, 0);
    EXPECT_EQ(pinned(pins, 2, PinTable::kAnswered - 1), kA);
    EXPECT_EQ(pinned(pins, 2, PinTable::kAnswered), kNoServer);
    pins.answered(3, kA, 200, kCSeq, 0);
    EXPECT_EQ(pinned(pins, 3, 1), kNoServer) << "what follows a 2xx goes by its route set";

    // The INVITE's own decision completes it, once.
    EXPECT_EQ(pins.pin(1, {kA, RouteReason::transfer_owner}, kCSeq, 5).reason, RouteReason::transfer_owner);
    EXPECT_EQ(pins.pin(1, {kB, RouteReason::new_call}, kCSeq, 5).server, kA);
}

TEST(PinTable, SurvivesTheChallengeOfItsInvite) {
    PinTable pins{100};
    (void)pins.pin(1, {kA}, kCSeq, 0);
    pins.answered(1, kNoServer, 486, kCSeq, 1);  // 401
    EXPECT_EQ(pins.pin(1, {kB}, kCSeq, 2).server, kA);
    pins.answered(1, kNoServer, 180, kCSeq, 3);
    EXPECT_EQ(pinned(pins, 1, 3 + PinTable::kRinging - 1), kA);
}

TEST(PinTable, AFloodOfUnansweredOnesCostsNoAnsweredOne) {
    PinTable pins{60};
    for (std::uint64_t i = 1; i <= 20; ++i) {
        (void)pins.pin(i, {kA}, kCSeq, 0);
        pins.answered(i, kNoServer, 180, kCSeq, 0);
    }
    for (std::uint64_t i = 1000; i < 5000; ++i) (void)pins.pin(i * 0x9e3779b97f4a7c15ULL, {kB}, kCSeq, 1);
    EXPECT_LE(pins.size(), 60U);
    EXPECT_GT(pins.evictions(), 3000U);
    for (std::uint64_t i = 1; i <= 20; ++i) EXPECT_EQ(pinned(pins, i, 1), kA) << i;
    EXPECT_EQ(pinned(pins, 4999 * 0x9e3779b97f4a7c15ULL, 1), kB) << "the newest one has its place";
}

TEST(PinTable, SweepsWhatHasExpired) {
    PinTable pins{1000};
    for (std::uint64_t i = 1; i <= 500; ++i) (void)pins.pin(i, {kA}, kCSeq, 0);
    for (int i = 0; i < 20; ++i) pins.sweep(PinTable::kUnanswered, 1000);
    EXPECT_EQ(pins.size(), 0U);
    EXPECT_EQ(pins.evictions(), 0U);
}

TEST(PinTable, AnAnswerToAnEarlierInviteChangesNothing) {
    for (const std::uint32_t first : {1U, 70000U, 0xffffU, 0x7fffffffU - 1}) {
        PinTable pins{64};
        pins.pin(1, {kA}, first, 0);
        EXPECT_TRUE(pins.answered(1, kA, 422, first, 1));
        EXPECT_EQ(pins.setups().of(kA), 0);
        pins.pin(1, {kA}, first + 1, 2);
        EXPECT_EQ(pins.setups().of(kA), 1) << "it is another try";
        EXPECT_TRUE(pins.answered(1, kA, 180, first + 1, 3));
        EXPECT_FALSE(pins.answered(1, kA, 422, first, 4)) << "its ACK was lost";
        EXPECT_EQ(pinned(pins, 1, 3 + PinTable::kRinging - 1), kA);
        pins.pin(1, {kA}, first, 5);  // a copy that comes late
        EXPECT_FALSE(pins.answered(1, kA, 422, first, 6));
        EXPECT_TRUE(pins.answered(1, kA, 487, first + 1, 10));
        EXPECT_EQ(pinned(pins, 1, 10 + PinTable::kAnswered), kNoServer);
    }
}

TEST(PinTable, CountsWhatIsBeingSetUp) {
    PinTable pins{64};
    const auto open = [&pins] { return pins.setups().of(kA); };
    pins.pin(1, {kA, RouteReason::new_call}, kCSeq, 0);
    pins.pin(1, {kA, RouteReason::new_call}, kCSeq, 1);
    EXPECT_EQ(open(), 1) << "a copy is no other call";
    pins.answered(1, kA, 100, kCSeq, 1);
    EXPECT_EQ(open(), 1) << "it may still refuse it";
    pins.answered(1, kA, 180, kCSeq, 2);
    EXPECT_EQ(open(), 0) << "the call table counts it from here";
    pins.answered(1, kA, 200, kCSeq, 3);
    EXPECT_EQ(open(), 0);

    pins.pin(2, {kA, RouteReason::new_call}, kCSeq, 0);
    pins.answered(2, kA, 401, kCSeq, 1);
    EXPECT_EQ(open(), 0);
    pins.pin(2, {kA, RouteReason::new_call}, kCSeq, 1);
    EXPECT_EQ(open(), 1) << "with credentials";
    pins.answered(2, kA, 486, kCSeq, 2);
    EXPECT_EQ(open(), 0);

    pins.pin(3, {kA, RouteReason::new_call}, kCSeq, 0);
    pins.answered(4, kA, 100, kCSeq, 0);  // a restart lost that pin
    EXPECT_EQ(open(), 2);
    pins.sweep(1000, 1 << 20);
    pins.sweep(1000, 1 << 20);
    EXPECT_EQ(open(), 0) << "what expires is counted out";
}

TEST(PinTable, PauseOfAServerThatRefusesBeforeItRings) {
    PinTable pins{64};
    const auto refuse = [&pins](std::uint64_t key, std::uint16_t first, Seconds pause) {
        pins.pin(key, {kA, RouteReason::new_call}, kCSeq, 0);
        if (first != 0) pins.answered(key, kA, first, kCSeq, 0);
        pins.answered(key, kA, 503, kCSeq, 0, pause);
    };
    refuse(1, 0, 0);
    EXPECT_FALSE(pins.pauses(kA, 0)) << "without Retry-After a 503 says nothing";
    refuse(2, 183, 20);
    EXPECT_FALSE(pins.pauses(kA, 0)) << "its carrier";
    refuse(3, 100, 20);
    EXPECT_TRUE(pins.pauses(kA, 19));
    EXPECT_FALSE(pins.pauses(kA, 20));
    EXPECT_FALSE(pins.pauses(kB, 0));
    refuse(4, 0, 100000);
    EXPECT_TRUE(pins.pauses(kA, PinTable::kLongestPause - 1));
    EXPECT_FALSE(pins.pauses(kA, PinTable::kLongestPause));
}

}  // namespace
}  // namespace sipsteer
