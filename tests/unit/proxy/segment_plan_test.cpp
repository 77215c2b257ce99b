#include "proxy/segment_plan.hpp"

#include <gtest/gtest.h>

#include <random>
#include <vector>

namespace sipsteer {
namespace {

using Groups = std::vector<std::vector<std::size_t>>;

Groups plan(const std::vector<PlannedDatagram>& datagrams) {
    SegmentPlan plan;
    plan.make(datagrams);
    Groups groups;
    for (const SegmentGroup& group : plan.groups()) {
        auto& members = groups.emplace_back();
        for (std::size_t i = group.first, left = group.count; left > 0; i = plan.next(i), --left)
            members.push_back(i);
        EXPECT_EQ(members.back(), group.last);
    }
    return groups;
}

TEST(SegmentPlan, GathersTheDatagramsOfADestination) {
    EXPECT_EQ(plan({{500, 90, 0}, {600, 90, 1}, {900, 90, 0}, {500, 90, 1}, {400, 90, 2}}),
              (Groups{{0, 2}, {1, 3}, {4}}));
}

TEST(SegmentPlan, OneThatFitsIntoNoSegmentGoesAloneAndInItsPlace) {
    EXPECT_EQ(plan({{500, 90, 0}, {500, 90, 0}, {1453, 90, 0}, {500, 90, 0}, {500, 90, 0}}),
              (Groups{{0, 1}, {2}, {3, 4}}));
    EXPECT_EQ(plan({{500, 90, 0}, {500, 0, 0}, {500, 90, 0}}), (Groups{{0}, {1}, {2}}));
    EXPECT_EQ(plan({{500, 90, 0, true}, {500, 90, 0, true}}), (Groups{{0}, {1}}));
}

TEST(SegmentPlan, PadsWithinItsBound) {
    EXPECT_EQ(plan({{400, 90, 0}, {1424, 90, 0}, {1425, 90, 0}, {400, 90, 0}}), (Groups{{0, 1}, {2}, {3}}));
}

TEST(SegmentPlan, StaysBelowTheLargestDatagramOfTheKernel) {
    const auto groups = plan(std::vector<PlannedDatagram>(64, {1400, 90, 0}));
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].size(), 65000 / 1400);
}

TEST(SegmentPlan, StaysBelowTheMostSegmentsOfTheKernel) {
    const auto groups = plan(std::vector<PlannedDatagram>(100, {300, 90, 0}));
    ASSERT_EQ(groups.size(), 2U);
    EXPECT_EQ(groups[0].size(), 64U);
}

/// Each datagram once, in order for each destination, every group within its bounds.
TEST(SegmentPlan, KeepsItsLawsOnRandomRounds) {
    std::mt19937_64 random(1);
    for (int round = 0; round < 5000; ++round) {
        std::vector<PlannedDatagram> datagrams(random() % (SegmentPlan::kMaxDatagrams + 1));
        const auto destinations = 1 + random() % 6;
        for (auto& datagram : datagrams) {
            datagram = {static_cast<std::uint32_t>(200 + random() % 1500),
                        static_cast<std::uint32_t>(random() % 4 == 0 ? 0 : 50),
                        static_cast<std::uint8_t>(random() % destinations), random() % 16 == 0};
        }
        std::vector<std::vector<std::size_t>> order(destinations);
        std::size_t seen = 0;
        for (const auto& group : plan(datagrams)) {
            std::uint32_t largest = 0;
            std::uint32_t smallest = ~0U;
            for (const std::size_t i : group) {
                ASSERT_EQ(datagrams[i].destination, datagrams[group[0]].destination);
                order[datagrams[i].destination].push_back(i);
                largest = std::max(largest, datagrams[i].size);
                smallest = std::min(smallest, datagrams[i].size);
                ++seen;
                if (group.size() > 1) {
                    ASSERT_NE(datagrams[i].pad_at, 0U);
                    ASSERT_FALSE(datagrams[i].alone);
                }
            }
            if (group.size() == 1) continue;
            ASSERT_LE(group.size(), SegmentPlan::kMaxSegments);
            ASSERT_LE(largest, SegmentPlan::kMaxSegment);
            ASSERT_LE(largest - smallest, SegmentPlan::kMaxPadding);
            ASSERT_LE(largest * group.size(), SegmentPlan::kMaxTotal);
        }
        ASSERT_EQ(seen, datagrams.size());
        for (const auto& of_one : order) ASSERT_TRUE(std::is_sorted(of_one.begin(), of_one.end()));
    }
}

}  // namespace
}  // namespace sipsteer
