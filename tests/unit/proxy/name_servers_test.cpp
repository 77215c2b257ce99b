#include "proxy/name_servers.hpp"

#include <gtest/gtest.h>

namespace sipsteer {
namespace {

std::optional<std::string> without_v6(std::string_view conf) {
    return without_unreachable(conf, [](const IpAddress& address) { return !address.v6; });
}

TEST(NameServers, LeavesOutThoseWithoutARoute) {
    EXPECT_EQ(without_v6("search lab.test\nnameserver 192.0.2.1\nnameserver 2001:db8::1\noptions edns0"),
              "search lab.test\nnameserver 192.0.2.1\noptions edns0\n");
    EXPECT_EQ(without_v6(" \tNameServer\t2001:db8::1 # the old one\nnameserver 192.0.2.1;\r\n"),
              "nameserver 192.0.2.1;\r\n");
}

TEST(NameServers, NoneIsLeft) {
    EXPECT_EQ(without_v6("nameserver 2001:db8::1\nnameserver 2001:db8::2\n"), std::nullopt);
}

TEST(NameServers, WithoutAnyTheResolverKnowsWhatToDo) {
    EXPECT_EQ(without_v6(""), "");
    EXPECT_EQ(without_v6("# nameserver 2001:db8::1\n"), "# nameserver 2001:db8::1\n");
    EXPECT_EQ(without_v6("nameserver\nnameserver nonsense\nnameservers 2001:db8::1\n"),
              "nameserver\nnameserver nonsense\nnameservers 2001:db8::1\n");
}

}  // namespace
}  // namespace sipsteer
