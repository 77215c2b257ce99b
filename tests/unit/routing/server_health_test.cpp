#include "routing/server_health.hpp"

#include <gtest/gtest.h>

namespace sipsteer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

struct Checked : testing::Test {
    HealthPolicy policy{seconds{2}, 2, 1, {}};
    Microseconds now = seconds{100};
    ServerHealth health{7, now};
    unsigned sent = 0;  ///< copies too
    std::optional<std::uint32_t> last;

    /// Time passes in small steps; what is due is sent. `status` 0: the server is silent.
    void pass(Microseconds time, std::uint16_t status) {
        for (const Microseconds end = now + time; now < end; now += milliseconds{1}) {
            const auto number = health.due(policy, now);
            if (!number) continue;
            ++sent;
            last = number;
            if (status != 0) health.answered(policy, *number, status, now + milliseconds{3});
        }
    }
    /// How long until it is down.
    Microseconds until_down(std::uint16_t status) {
        const Microseconds begin = now;
        while (health.up() && now < begin + seconds{60}) pass(milliseconds{1}, status);
        return now - begin;
    }
};

TEST_F(Checked, StartsUpAndIsCheckedAtOnce) {
    EXPECT_TRUE(health.up());
    EXPECT_TRUE(health.due(policy, now).has_value());
    EXPECT_FALSE(health.due(policy, now).has_value()) << "once";
}

TEST_F(Checked, OneOptionsEachIntervalLessUpToATenth) {
    pass(seconds{200}, 200);
    EXPECT_GE(sent, 100U);
    EXPECT_LE(sent, 112U);
    EXPECT_TRUE(health.up());
    EXPECT_NEAR(static_cast<double>(health.round_trip().count()), 3000, 1);
}

TEST_F(Checked, ASilentServerIsDownWithinTwoIntervals) {
    for (unsigned offset = 0; offset < 2000; offset += 97) {
        health = ServerHealth{offset, now};
        pass(seconds{10} + milliseconds{offset}, 200);
        const Microseconds taken = until_down(0);
        EXPECT_LE(taken, seconds{4});
        EXPECT_GE(taken, milliseconds{1800}) << "two checks, each with a copy, had time to be answered";
        EXPECT_EQ(health.cause(), DownCause::silent);
    }
}

TEST_F(Checked, OneLostPacketIsNoMiss) {
    const auto first = health.due(policy, now);
    now += ServerHealth::patience(policy) / 2;
    EXPECT_EQ(health.due(policy, now), first) << "the copy has the same number";
    health.answered(policy, *first, 200, now);
    pass(seconds{1}, 200);
    EXPECT_TRUE(health.up());
}

TEST_F(Checked, OneMissedCheckIsNotDown) {
    pass(ServerHealth::patience(policy) + milliseconds{20}, 0);  // the first is missed, the second is out
    EXPECT_TRUE(health.up());
    health.answered(policy, *last, 200, now);
    EXPECT_TRUE(health.up());
    EXPECT_GE(until_down(0), ServerHealth::patience(policy) * 2) << "it counts from the start again";
}

TEST_F(Checked, WhichAnswersMeanAlive) {
    for (const std::uint16_t status : std::initializer_list<std::uint16_t>{200, 404, 405, 481, 603}) {
        pass(seconds{10}, status);
        EXPECT_TRUE(health.up()) << status;
    }
    for (const std::uint16_t status : std::initializer_list<std::uint16_t>{408, 503}) {
        health = ServerHealth{7, now};
        EXPECT_LE(until_down(status), seconds{4}) << status;
        EXPECT_EQ(health.cause(), DownCause::answer);
        EXPECT_EQ(health.status(), status);
    }
    policy.up_codes = {200, 404};
    health = ServerHealth{7, now};
    pass(seconds{10}, 404);
    EXPECT_TRUE(health.up());
    EXPECT_LE(until_down(405), seconds{4});
}

TEST_F(Checked, ComesBackWithTheFirstAnswerAndIsCheckedLessOftenMeanwhile) {
    until_down(0);
    sent = 0;
    pass(seconds{60}, 0);
    EXPECT_LE(sent, 2 * 34U) << "a check and its copy each interval";
    pass(seconds{2}, 200);
    EXPECT_TRUE(health.up());
}

TEST_F(Checked, RiseAfter) {
    policy.rise_after = 3;
    until_down(0);
    pass(milliseconds{3900}, 200);
    EXPECT_FALSE(health.up());
    pass(milliseconds{2100}, 200);
    EXPECT_TRUE(health.up());
}

TEST_F(Checked, ProvisionalAndOldAnswersSayNothing) {
    const auto first = health.due(policy, now);
    health.answered(policy, *first, 100, now);
    health.answered(policy, *first - 1, 200, now);
    EXPECT_EQ(health.status(), 0);
    EXPECT_LE(until_down(0), seconds{2});
}

TEST_F(Checked, ARefusalIsFollowedByAQuestion) {
    pass(milliseconds{500}, 200);
    health.refused(now);
    ASSERT_TRUE(health.due(policy, now).has_value()) << "at once";
    EXPECT_TRUE(health.up());
    EXPECT_LE(until_down(0), milliseconds{51});
    EXPECT_EQ(health.cause(), DownCause::refused);
}

TEST_F(Checked, ForgedRefusalsDoNoHarmToWhoAnswers) {
    pass(milliseconds{500}, 200);
    sent = 0;
    for (int i = 0; i < 1000; ++i) {
        health.refused(now);
        pass(milliseconds{1}, 200);
        ASSERT_TRUE(health.up());
    }
    EXPECT_LE(sent, 6U) << "four questions a second, and the usual one";
}

}  // namespace
}  // namespace sipsteer
