#include "proxy/address_book.hpp"

#include <gtest/gtest.h>

namespace sipsteer {
namespace {

const HostName kName{"pbx.example.com", 5060, Transport::udp};
const HostName kOther{"other.example.com", 5060, Transport::udp};

Endpoint at(std::string_view address) { return {parse_ip(address).value(), 5060, Transport::udp}; }
HostFound found(std::string_view address, std::uint32_t ttl) { return {{at(address)}, ttl, false}; }
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
    std::vector<Endpoint> known() { return book.addresses()[kName]; }
};

TEST_F(Book, AsksOnceUntilThereIsAnAnswer) {
    EXPECT_EQ(book.take_due(now), std::vector{kName});
    EXPECT_TRUE(book.take_due(now + 1000).empty());
    EXPECT_TRUE(book.take(kName, found("10.0.0.1", 300), now));
    EXPECT_EQ(known(), std::vector{at("10.0.0.1")});
    EXPECT_EQ(due(), 300U);
    EXPECT_FALSE(book.take(kName, found("10.0.0.1", 300), now)) << "the same";
    EXPECT_TRUE(book.take(kName, found("10.0.0.2", 300), now));
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
        EXPECT_FALSE(book.take(kName, kFailed, now));
        EXPECT_EQ(known(), std::vector{at("10.0.0.1")});
        pauses.push_back(due());
    }
    EXPECT_EQ(std::vector(pauses.begin(), pauses.begin() + 8),
              (std::vector<Seconds>{1, 2, 4, 8, 16, 32, 60, 60}));
    EXPECT_TRUE(book.take(kName, kFailed, now));
    EXPECT_TRUE(known().empty());
    EXPECT_TRUE(book.take(kName, found("10.0.0.1", 60), now));
    (void)book.take(kName, kFailed, now);
    EXPECT_EQ(due(), 1U) << "begins anew";
}

TEST_F(Book, WhatAStartFoundLivesThroughFailuresToo) {
    AddressBook started{{{kName, {at("10.0.0.1")}}}};
    started.set_names({kName});
    EXPECT_EQ(started.take_due(now), std::vector{kName});
    EXPECT_FALSE(started.take(kName, kFailed, now));
    EXPECT_FALSE(started.take(kName, kFailed, now + AddressBook::kStale - 1));
    EXPECT_TRUE(started.take(kName, kFailed, now + AddressBook::kStale));
}

TEST_F(Book, ANameThatIsGoneIsGoneAtOnce) {
    (void)book.take(kName, found("10.0.0.1", 60), now);
    EXPECT_TRUE(book.take(kName, kNoSuchName, now));
    EXPECT_TRUE(known().empty());
    EXPECT_EQ(due(), AddressBook::kDenied);
}

TEST_F(Book, OtherNames) {
    (void)book.take(kName, found("10.0.0.1", 60), now);
    book.set_names({kName, kOther});
    EXPECT_EQ(known(), std::vector{at("10.0.0.1")});
    EXPECT_EQ(book.take_due(now), std::vector{kOther});
    book.set_names({kOther});
    EXPECT_FALSE(book.take(kName, found("10.0.0.3", 60), now)) << "an answer that comes too late";
    EXPECT_EQ(book.addresses().size(), 1U);
}

}  // namespace
}  // namespace sipsteer
