#include "routing/binding_table.hpp"

#include <gtest/gtest.h>

namespace sipsteer {
namespace {

constexpr ServerId kA = 101;
constexpr ServerId kB = 202;

struct Bindings : testing::Test {
    BindingTable table{100};

    [[nodiscard]] ServerId server(const AorKey& aor, Seconds now = 10) const {
        const auto found = table.find(aor, now);
        return found ? found->server : kNoServer;
    }
};

TEST_F(Bindings, LivesAsLongAsTheServerSaid) {
    table.bind({7, 1}, kA, 10, 300);
    EXPECT_EQ(table.find({7, 1}, 10)->expires, 310U);
    EXPECT_EQ(server({7, 1}, 309), kA);
    EXPECT_EQ(server({7, 1}, 310), kNoServer);
    EXPECT_EQ(server({8, 1}), kNoServer);
    table.bind({7, 1}, kA, 200, 60);
    EXPECT_EQ(server({7, 1}, 260), kNoServer) << "the last answer counts, also when it is shorter";
}

TEST_F(Bindings, TheLastServerThatAcceptedHim) {
    table.bind({7, 1}, kA, 10, 300);
    table.bind({7, 1}, kB, 20, 300);
    EXPECT_EQ(server({7, 1}, 20), kB);
    EXPECT_EQ(table.size(), 1U);
}

TEST_F(Bindings, OnlyHisRegistrarUnbinds) {
    table.bind({7, 1}, kA, 10, 300);
    table.unbind({7, 1}, kB, 20);
    EXPECT_EQ(server({7, 1}, 20), kA);
    table.unbind({7, 1}, kA, 20);
    EXPECT_EQ(server({7, 1}, 20), kNoServer);
    table.unbind({9, 1}, kA, 20);
    table.bind({7, 1}, kB, 20, 300);
    EXPECT_EQ(server({7, 1}, 20), kB);
}

TEST_F(Bindings, DomainsAreTenantsAndOurAddressIsAnyOfThem) {
    table.bind({7, 1}, kA, 10, 300);
    EXPECT_EQ(server({7, 2}), kNoServer) << "another domain's user of that name";
    EXPECT_EQ(server({7, 0}), kA) << "called by our address";
    table.bind({7, 2}, kB, 10, 300);
    EXPECT_EQ(server({7, 1}), kA);
    EXPECT_EQ(server({7, 2}), kB);
    EXPECT_EQ(server({7, 0}), kNoServer) << "two servers are none";
    table.bind({7, 0}, kB, 10, 300);
    EXPECT_EQ(server({7, 0}), kB);
    EXPECT_EQ(server({7, 1}), kA);
    EXPECT_EQ(server({7, 3}), kB) << "registered by our address";
    EXPECT_EQ(table.find_all(7, 10).size(), 3U);
}

TEST_F(Bindings, Bounded) {
    for (std::uint32_t domain = 0; domain < 100; ++domain) table.bind({7, domain}, kA, 10, 300);
    EXPECT_EQ(table.size(), BindingTable::kMaxDomains);
    for (std::uint64_t user = 1; user < 1000; ++user) table.bind({user, 0}, kA, 10, 300);
    EXPECT_LE(table.size(), 100U);
    EXPECT_EQ(server({999, 0}), kA);
}

}  // namespace
}  // namespace sipsteer
