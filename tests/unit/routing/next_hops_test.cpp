#include "routing/next_hops.hpp"

#include <gtest/gtest.h>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

std::uint64_t hash_of(std::string_view uri) {
    return NextHopName::of(SipUri::parse(uri).value()).hash(sample::key().table);
}

const std::vector<HopAddress> kOne{{sample::endpoint("198.51.100.20", 5060), 0, 1}};
const std::vector<HopAddress> kOther{{sample::endpoint("198.51.100.21", 5060), 0, 1}};

TEST(NextHopName, IsWhatDnsIsAsked) {
    EXPECT_EQ(hash_of("sip:a@x.example"), hash_of("sip:b@X.Example.;lr"));
    for (const char* other :
         {"sip:x.example:5060", "sip:x.example;transport=udp", "sip:x.example;transport=tcp",
          "sips:x.example", "sip:y.example", "sip:a@x.example;maddr=y.example"})
        EXPECT_NE(hash_of("sip:x.example"), hash_of(other)) << other;
    EXPECT_EQ(hash_of("sips:x.example"), hash_of("sips:x.example;transport=tcp")) << "TLS either way";
    EXPECT_EQ(hash_of("sip:x.example;maddr=y.example"), hash_of("sip:y.example"));
    EXPECT_TRUE(NextHopName::of(SipUri::parse("sip:x").value()).any_transport);
    EXPECT_FALSE(NextHopName::of(SipUri::parse("sips:x").value()).any_transport);
    EXPECT_FALSE(NextHopName::of(SipUri::parse("sip:x:5060").value()).any_transport);
}

TEST(NextHops, HoldsAsLongAsTheTtl) {
    NextHops hops;
    EXPECT_EQ(hops.find(7, 100).state, NextHops::State::unknown);
    hops.learn(7, {kOne, 60, false}, 100);
    const auto found = hops.find(7, 159);
    EXPECT_EQ(found.state, NextHops::State::resolved);
    EXPECT_FALSE(found.expired);
    ASSERT_EQ(found.count, 1);
    EXPECT_EQ(found.addresses[0].endpoint, kOne[0].endpoint);
    EXPECT_TRUE(hops.find(7, 160).expired);
    EXPECT_EQ(hops.find(7, 160).count, 1) << "still good while DNS is asked";
    hops.note_asked(7, 160);
    EXPECT_FALSE(hops.find(7, 160).expired) << "one asks, the others go on";
    EXPECT_TRUE(hops.find(7, 160 + NextHops::kAsking).expired);
}

TEST(NextHops, BoundsTheTtl) {
    NextHops hops;
    hops.learn(7, {kOne, 0, false}, 100);
    EXPECT_FALSE(hops.find(7, 100 + NextHops::kSoonest - 1).expired);
    hops.learn(8, {kOne, 1000000, false}, 100);
    EXPECT_TRUE(hops.find(8, 100 + NextHops::kLatest).expired);
}

TEST(NextHops, KeepsAddressesWhileDnsFails) {
    NextHops hops;
    hops.learn(7, {kOne, 60, false}, 100);
    Seconds now = 160;
    for (const Seconds pause : {1U, 2U, 4U, 8U, 16U, 32U, 60U, 60U}) {
        hops.learn(7, {{}, 0, true}, now);
        EXPECT_FALSE(hops.find(7, now + pause - 1).expired) << pause;
        now += pause;
        EXPECT_TRUE(hops.find(7, now).expired) << pause;
        EXPECT_EQ(hops.find(7, now).state, NextHops::State::resolved);
    }
    EXPECT_EQ(hops.find(7, 160 + NextHops::kStale - 1).state, NextHops::State::resolved);
    EXPECT_EQ(hops.find(7, 160 + NextHops::kStale).state, NextHops::State::unknown);
    hops.learn(7, {kOther, 60, false}, now);
    hops.learn(7, {{}, 0, true}, now + 60);
    EXPECT_FALSE(hops.find(7, now + 60).expired) << "the pauses begin anew";
    EXPECT_TRUE(hops.find(7, now + 61).expired);
}

TEST(NextHops, RemembersThatThereIsNone) {
    NextHops hops;
    hops.learn(7, {kOne, 60, false}, 100);
    hops.learn(7, {{}, 0, false}, 200);
    EXPECT_EQ(hops.find(7, 200 + NextHops::kDenied - 1).state, NextHops::State::denied);
    EXPECT_EQ(hops.find(7, 200).count, 0) << "DNS has said so: what was there before is over";
    EXPECT_EQ(hops.find(7, 200 + NextHops::kDenied).state, NextHops::State::unknown);
    hops.learn(8, {{}, 0, true}, 100);
    EXPECT_EQ(hops.find(8, 100).state, NextHops::State::failed);
    EXPECT_FALSE(hops.find(8, 100).expired);
    EXPECT_TRUE(hops.find(8, 101).expired);
}

TEST(NextHops, TheFirstChoiceOfACallHolds) {
    NextHops hops;
    EXPECT_FALSE(hops.chosen(5, 100));
    EXPECT_EQ(hops.choose(5, kOne[0].endpoint, 100, 33), kOne[0].endpoint);
    EXPECT_EQ(hops.choose(5, kOther[0].endpoint, 120, 33), kOne[0].endpoint);
    EXPECT_EQ(hops.chosen(5, 152), kOne[0].endpoint) << "each use prolongs it";
    EXPECT_FALSE(hops.chosen(5, 153));
    EXPECT_EQ(hops.choose(5, kOther[0].endpoint, 153, 33), kOther[0].endpoint);
}

TEST(NextHops, AreBounded) {
    NextHops hops;
    for (std::uint64_t name = 1; name <= 3 * NextHops::kMaxNames; ++name)
        hops.learn(name * 0x9e3779b97f4a7c15ULL, {kOne, static_cast<Seconds>(60 + name % 100), false}, 100);
    EXPECT_LE(hops.names(), NextHops::kMaxNames);
}

}  // namespace
}  // namespace sipsteer
