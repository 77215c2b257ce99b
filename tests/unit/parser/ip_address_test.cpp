#include "parser/ip_address.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/fuzz/laws/laws.hpp"

namespace sipsteer {
namespace {

std::string canonical(std::string_view text) {
    const auto address = parse_ip(text);
    if (!address) return std::string(to_string(address.error()));
    std::array<char, IpAddress::kMaxText> out{};
    return {out.data(), format_ip(*address, out)};
}

TEST(IpAddress, ReadsAndWritesTheCanonicalForm) {
    const std::pair<const char*, const char*> kCases[] = {
        {"1.2.3.4", "1.2.3.4"},
        {"255.255.255.255", "255.255.255.255"},
        {"0.0.0.0", "0.0.0.0"},
        {"192.000.002.001", "192.0.2.1"},  // 1*3DIGIT, decimal (RFC 3261 §25.1)
        {"2001:db8::1", "2001:db8::1"},
        {"[2001:db8::1]", "2001:db8::1"},
        {"2001:DB8:0:0:0:0:0:1", "2001:db8::1"},
        {"::", "::"},
        {"[::]", "::"},
        {"::1", "::1"},
        {"1::", "1::"},
        {"1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"},
        {"1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"},  // RFC 5952 §4.2.2: one group is not shortened
        {"::2:3:4:5:6:7:8", "0:2:3:4:5:6:7:8"},
        {"1:0:0:2:0:0:0:3", "1:0:0:2::3"},               // the longest run
        {"1:0:0:2:3:0:0:4", "1::2:3:0:0:4"},             // the first of equals
        {"2001:db8:::192.0.2.1", "2001:db8::c000:201"},  // RFC 5118 §4.10
        {"64:ff9b::192.0.2.33", "64:ff9b::c000:221"},
        {"::ffff:192.0.2.1", "192.0.2.1"},
        {"[::ffff:c000:201]", "192.0.2.1"},
        {"fe80::1:2", "fe80::1:2"},
    };
    for (const auto& [text, expected] : kCases) EXPECT_EQ(canonical(text), expected) << text;
}

TEST(IpAddress, RefusesWhatIsNone) {
    for (const char* text : {"",
                             "1",
                             "1.2.3",
                             "1.2.3.4.5",
                             "1.2.3.256",
                             "1.2.3.-4",
                             "1.2.3.4 ",
                             " 1.2.3.4",
                             "1.2.3.0x4",
                             "1..3.4",
                             "1.2.3.",
                             ".1.2.3",
                             "1.2.3.0004",
                             "a.b.c.d",
                             "[1.2.3.4]",
                             ":",
                             "1:",
                             ":1",
                             "1:2",
                             "1:2:3:4:5:6:7",
                             "1:2:3:4:5:6:7:8:9",
                             "1::2::3",
                             "::::",
                             "1:2:3:4:5:6:7:8::",
                             "12345::",
                             "g::",
                             "[::1",
                             "::1]",
                             "[[::1]]",
                             "[]",
                             "::1%eth0",
                             "1.2.3.4::",
                             "1.2.3.4::1",
                             "::1.2.3",
                             "::1.2.3.4:5",
                             "::1.2.3.4.5",
                             "1:2:3:4:5:6:7:1.2.3.4",
                             "host",
                             "1.2.3.4:5060",
                             "::ffff:1.2.3.256"}) {
        EXPECT_EQ(canonical(text), "bad_ip_address") << text;
    }
}

TEST(IpAddress, ComparesByFamilyAndBytes) {
    EXPECT_EQ(*parse_ip("::ffff:10.0.0.1"), *parse_ip("10.0.0.1"));
    EXPECT_EQ(*parse_ip("[2001:DB8::A]"), *parse_ip("2001:db8:0::a"));
    EXPECT_NE(*parse_ip("10.0.0.1"), *parse_ip("a00:1::"));
    EXPECT_TRUE(parse_ip("::")->is_unspecified());
    EXPECT_TRUE(parse_ip("0.0.0.0")->is_unspecified());
    EXPECT_FALSE(parse_ip("::1")->is_unspecified());
    EXPECT_EQ(parse_ip("1.2.3.4")->size(), 4U);
    EXPECT_EQ(parse_ip("::1")->size(), 16U);
}

TEST(IpAddress, ReadsWhatItWrote) {
    std::mt19937_64 random(7);
    for (int i = 0; i < 20000; ++i) {
        IpAddress address;
        address.v6 = (random() & 1U) != 0;
        // Zero groups are frequent, so that `::` is met in every place.
        for (std::size_t at = 0; at < address.size(); at += 2) {
            if (random() % 2 == 0) continue;
            address.bytes[at] = static_cast<std::uint8_t>(random() % 3 == 0 ? 0 : random());
            address.bytes[at + 1] = static_cast<std::uint8_t>(random());
        }
        std::array<char, IpAddress::kMaxText> out{};
        const std::string text(out.data(), format_ip(address, out));
        const auto again = parse_ip(text);
        ASSERT_TRUE(again) << text;
        if (again->v6 == address.v6) {
            ASSERT_EQ(*again, address) << text;
        }
        ASSERT_EQ(laws::ip_address_law(text), "") << text;
    }
}

TEST(IpAddress, AgreesWithTheCLibraryOnRandomText) {
    std::mt19937_64 random(8);
    constexpr std::string_view kAlphabet = "0123456789abcfF:::...[]";
    for (int i = 0; i < 200000; ++i) {
        std::string text(1 + random() % 18, ' ');
        for (char& c : text) c = kAlphabet[random() % kAlphabet.size()];
        ASSERT_EQ(laws::ip_address_law(text), "") << text;
    }
}

}  // namespace
}  // namespace sipsteer
