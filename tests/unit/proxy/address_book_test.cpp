#include "proxy/address_book.hpp"

#include <gtest/gtest.h>

namespace sipsteer {
namespace {

const HostName kName{"pbx.example.com", 5060, Transport::udp};
const HostName kOther{"other.example.com", 5060, Transport::udp};

Endpoint at(std::string_view address) { return {parse_ip(address).value(), 5060, Transport::udp}; }
std::vector<HostTarget> one(std::string_view address) { return {{"", 5060, 0, 0, {at(address)}}}; }
HostFound found(std::string_view address, std::uint32_t ttl) { return {one(address), ttl, false}; }
const HostFound kFailed{{}, 0, true};
const HostFound kNoSuchName{{}, 0, false};

struct Book : testing::Test {
    AddressBook book;
    Seconds now = 1000;

    void SetUp() override { book.set_names({kName}); }
    /// Seconds until it is to be looked up again.
    Seconds due() {
        for (Seconds later = 0; later < 10000; ++later) {
            if (!book.take_due(now + later).empty()) return later;
        }
        return 10000;
    }
    std::vector<Endpoint> known() { return endpoints_of(book.addresses()[kName]); }
};

using News = AddressBook::News;

TEST_F(Book, AsksOnceUntilThereIsAnAnswer) {
    EXPECT_EQ(book.take_due(now), std::vector{kName});
    EXPECT_TRUE(book.take_due(now + 1000).empty());
    EXPECT_EQ(News::changed, book.take(kName, found("10.0.0.1", 300), now));
    EXPECT_EQ(known(), std::vector{at("10.0.0.1")});
    EXPECT_EQ(due(), 300U);
    EXPECT_EQ(News::none, book.take(kName, found("10.0.0.1", 300), now)) << "the same";
    EXPECT_EQ(News::changed, book.take(kName, found("10.0.0.2", 300), now));
}

TEST_F(Book, TtlsHaveBounds) {
    (void)book.take(kName, found("10.0.0.1", 0), now);
    EXPECT_EQ(due(), AddressBook::kSoonest);
    (void)book.take(kName, found("10.0.0.1", 86400), now);
    EXPECT_EQ(due(), AddressBook::kLatest);
}

TEST_F(Book, StaleAddressesStayForAnHour) {
    (void)book.take(kName, found("10.0.0.1", 60), now);
    std::vector<Seconds> pauses;
    const Seconds good = now;
    for (now += 60; now < good + AddressBook::kStale; now += pauses.back()) {
        EXPECT_EQ(News::none, book.take(kName, kFailed, now));
        EXPECT_EQ(known(), std::vector{at("10.0.0.1")});
        pauses.push_back(due());
    }
    EXPECT_EQ(std::vector(pauses.begin(), pauses.begin() + 8),
              (std::vector<Seconds>{1, 2, 4, 8, 16, 32, 60, 60}));
    EXPECT_EQ(News::changed, book.take(kName, kFailed, now));
    EXPECT_TRUE(known().empty());
    EXPECT_EQ(News::changed, book.take(kName, found("10.0.0.1", 60), now));
    (void)book.take(kName, kFailed, now);
    EXPECT_EQ(due(), 1U) << "begins anew";
}

TEST_F(Book, WhatAStartFoundLivesThroughFailuresToo) {
    AddressBook started{{{kName, one("10.0.0.1")}}};
    started.set_names({kName});
    EXPECT_EQ(started.take_due(now), std::vector{kName});
    EXPECT_EQ(News::none, started.take(kName, kFailed, now));
    EXPECT_EQ(News::none, started.take(kName, kFailed, now + AddressBook::kStale - 1));
    EXPECT_EQ(News::changed, started.take(kName, kFailed, now + AddressBook::kStale));
}

TEST_F(Book, ANameThatIsGoneIsGoneAtOnce) {
    (void)book.take(kName, found("10.0.0.1", 60), now);
    EXPECT_EQ(News::changed, book.take(kName, kNoSuchName, now));
    EXPECT_TRUE(known().empty());
    EXPECT_EQ(due(), AddressBook::kDenied);
}

TEST_F(Book, OtherNames) {
    (void)book.take(kName, found("10.0.0.1", 60), now);
    book.set_names({kName, kOther});
    EXPECT_EQ(known(), std::vector{at("10.0.0.1")});
    EXPECT_EQ(book.take_due(now), std::vector{kOther});
    book.set_names({kOther});
    EXPECT_EQ(News::none, book.take(kName, found("10.0.0.3", 60), now)) << "an answer that comes too late";
    EXPECT_EQ(book.addresses().size(), 1U);
}

struct Expanded : testing::Test {
    const HostName name{"pbx.example.com", 0, Transport::udp, true};
    AddressBook book;
    Seconds now = 1000;

    void SetUp() override { book.set_names({name}); }
    std::vector<HostTarget> known() { return book.addresses()[name]; }
    News take(std::vector<HostTarget> targets, bool failed = false) {
        return book.take(name, {std::move(targets), 60, failed}, now);
    }
};

const HostTarget kPbx1{"pbx-1.example.com", 5060, 1, 5, {at("10.0.0.1")}};
const HostTarget kPbx2{"pbx-2.example.com", 5060, 1, 5, {at("10.0.0.2")}};

TEST_F(Expanded, TargetsComeAndGo) {
    EXPECT_EQ(take({kPbx1}), News::changed);
    EXPECT_EQ(take({kPbx1, kPbx2}), News::changed);
    EXPECT_EQ(take({kPbx1, kPbx2}), News::none);
    EXPECT_EQ(take({kPbx2}), News::changed);
    EXPECT_EQ(known(), std::vector{kPbx2});
}

TEST_F(Expanded, AnEmptyAnswerEmptiesNothingAndIsToldOnce) {
    EXPECT_EQ(take({kPbx1, kPbx2}), News::changed);
    for (const News news : {News::emptied, News::none, News::none}) {
        now += 100 * AddressBook::kStale;
        EXPECT_EQ(take({}), news);
        EXPECT_EQ(known(), (std::vector{kPbx1, kPbx2}));
    }
    EXPECT_EQ(take({kPbx1}), News::changed);
    EXPECT_EQ(take({}), News::emptied) << "another time";
    EXPECT_EQ(known(), std::vector{kPbx1});
}

TEST_F(Expanded, WhenDnsIsDownTargetsStayAndTheirAddressesForAnHour) {
    EXPECT_EQ(take({kPbx1}), News::changed);
    now += AddressBook::kStale - 1;
    EXPECT_EQ(take({}, true), News::none);
    EXPECT_EQ(known(), std::vector{kPbx1});
    now += 1;
    EXPECT_EQ(take({}, true), News::changed);
    ASSERT_EQ(known().size(), 1U) << "its place in the hash, and its calls";
    EXPECT_TRUE(known()[0].endpoints.empty());
    EXPECT_EQ(take({kPbx1}), News::changed);
}

TEST_F(Expanded, ATargetKeepsItsAddressUntilItHasAnother) {
    EXPECT_EQ(take({kPbx1, kPbx2}), News::changed);
    HostTarget nowhere = kPbx1;
    nowhere.endpoints.clear();
    EXPECT_EQ(take({nowhere, kPbx2}), News::none);
    EXPECT_EQ(known(), (std::vector{kPbx1, kPbx2}));
    HostTarget moved = kPbx1;
    moved.endpoints = {at("10.0.0.9")};
    EXPECT_EQ(take({moved, kPbx2}), News::changed);
    EXPECT_EQ(known(), (std::vector{moved, kPbx2}));
}

}  // namespace
}  // namespace sipsteer
