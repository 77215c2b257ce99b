#include "bench/load/histogram.hpp"

#include <gtest/gtest.h>

namespace sipsteer::load {
namespace {

TEST(Histogram, IsEmptyAtFirst) {
    const Histogram histogram;
    EXPECT_EQ(histogram.percentile(0.5), 0);
    EXPECT_EQ(histogram.count(), 0U);
}

TEST(Histogram, SmallValuesAreExact) {
    Histogram histogram;
    for (Time value = 1; value <= 100; ++value) histogram.add(value);
    EXPECT_EQ(histogram.percentile(0.5), 50);
    EXPECT_EQ(histogram.percentile(0.01), 1);
    EXPECT_EQ(histogram.percentile(1), 100);
}

TEST(Histogram, AnyPercentileIsAtMostASixtyFourthTooLong) {
    for (Time value = 1; value < 50 * kSecond; value = value * 5 / 3 + 1) {
        Histogram histogram;
        histogram.add(value);
        histogram.add(60 * kSecond);
        EXPECT_GE(histogram.percentile(0.5), value);
        EXPECT_LE(histogram.percentile(0.5), value + value / 64);
    }
}

TEST(Histogram, RanksByShare) {
    Histogram histogram;
    for (int i = 0; i < 990; ++i) histogram.add(40 * kMicrosecond);
    for (int i = 0; i < 10; ++i) histogram.add(3 * kMillisecond);
    EXPECT_LE(histogram.percentile(0.99), 41 * kMicrosecond);
    EXPECT_EQ(histogram.percentile(0.991), 3 * kMillisecond);
    EXPECT_EQ(histogram.max(), 3 * kMillisecond);
}

TEST(Histogram, WhatIsOutOfRangeCountsAtItsEnd) {
    Histogram histogram;
    histogram.add(-5);
    EXPECT_EQ(histogram.percentile(1), 0);
    histogram.add(1000 * kSecond);
    EXPECT_EQ(histogram.percentile(1), 60 * kSecond);
}

}  // namespace
}  // namespace sipsteer::load
