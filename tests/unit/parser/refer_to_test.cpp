#include "parser/refer_to.hpp"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace sipsteer {
namespace {

std::string read(std::string_view header) {
    std::array<char, 512> scratch{};
    const auto replaces = parse_refer_to_replaces(header, scratch);
    if (!replaces) return std::string(to_string(replaces.error()));
    return std::string(replaces->call_id) + "|" + std::string(replaces->to_tag) + "|" +
           std::string(replaces->from_tag) + (replaces->early_only ? "|early" : "");
}

TEST(ReferTo, ReadsWhatPhonesWrite) {
    const std::pair<const char*, const char*> kCases[] = {
        {"<sip:b@h?Replaces=c%40h%3Bto-tag%3D1%3Bfrom-tag%3D2>", "c@h|1|2"},
        {"<sip:b@h?Replaces=c%40h%3bto-tag%3d1%3bfrom-tag%3d2>", "c@h|1|2"},
        {"\"B, <x>\" "
         "<sip:b@h;transport=tcp?Require=replaces&Replaces=c%3Bfrom-tag%3D2%3Bto-tag%3D1%3Bearly-only>;x=y",
         "c|1|2|early"},
        {"<sip:b@h?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2&Require=replaces>", "c|1|2"},
        {"<sip:b@h?replaces=c;to-tag=1;from-tag=2>", "c|1|2"},
        {"<sip:b@h?REPLACES=c%40h;to-tag%3D1;from-tag=2>", "c@h|1|2"},
        {"sip:b@h?Replaces=c%40h%3Bto-tag%3D1%3Bfrom-tag%3D2", "c@h|1|2"},
        {" sip:b@h?Replaces=c;to-tag=1;from-tag=2 ", "c|1|2"},
        {"<sips:b@[2001:db8::1]:5061?Replaces=a%26b%3Bto-tag%3D1%3Bfrom-tag%3D2>", "a&b|1|2"},
        {"<sip:b@h?Replaces=a%2525%3Bto-tag%3D1%3Bfrom-tag%3D2>", "a%25|1|2"},
        {"<sip:b@h?X-Replaces=no&Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2>", "c|1|2"},
        {"<sip:b@h?Replaces=c%20%3B%20to-tag%3D1%3Bfrom-tag%3D2>", "c|1|2"},
        {"<sip:Replaces@h?x&Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2>", "c|1|2"},
    };
    for (const auto& [text, expected] : kCases) EXPECT_EQ(read(text), expected) << text;
}

TEST(ReferTo, RefusesWhatNamesNoDialog) {
    const std::pair<const char*, const char*> kCases[] = {
        {"", "bad_replaces"},
        {"<sip:b@h>", "bad_replaces"},
        {"<sip:b@h?Replaces=>", "bad_replaces"},
        {"<sip:b@h?Replaces>", "bad_replaces"},
        {"<sip:b@h?Require=replaces>", "bad_replaces"},
        {"<sip:b@h?Replaces=c>", "bad_replaces"},
        {"<sip:b@h>?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2", "bad_name_addr"},
        {"<sip:b@h?Replaces=c%00%3Bto-tag%3D1%3Bfrom-tag%3D2>", "bad_replaces"},
        {"<sip:b@h?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2%>", "bad_replaces"},
        {"<sip:b@h?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2%4>", "bad_replaces"},
        {"<sip:b@h?Replaces=c%zz%3Bto-tag%3D1%3Bfrom-tag%3D2>", "bad_replaces"},
        {"<sip:b@h?Replaces=c%0D%0AVia:x%3Bto-tag%3D1%3Bfrom-tag%3D2>", "bad_replaces"},
        {"<sip:b@h?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2", "bad_name_addr"},
        {"\"x <sip:b@h?Replaces=c%3Bto-tag%3D1%3Bfrom-tag%3D2>", "bad_name_addr"},
    };
    for (const auto& [text, expected] : kCases) EXPECT_EQ(read(text), expected) << text;
}

TEST(ReferTo, NeedsRoomForTheUnescapedValue) {
    constexpr std::string_view kHeader = "<sip:b@h?Replaces=c%40h%3Bto-tag%3D1%3Bfrom-tag%3D2>";
    std::array<char, 8> scratch{};
    const auto replaces = parse_refer_to_replaces(kHeader, scratch);
    ASSERT_FALSE(replaces);
    EXPECT_EQ(replaces.error(), ParseError::value_too_long);
}

}  // namespace
}  // namespace sipsteer
