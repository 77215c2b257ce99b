#include "parser/replaces.hpp"

#include <gtest/gtest.h>

#include <string>

#include "parser/identifier.hpp"

namespace sipsteer {
namespace {

TEST(Replaces, ReadsEveryForm) {
    const struct {
        const char* text;
        const char* call_id;
        const char* to_tag;
        const char* from_tag;
        bool early_only;
    } kCases[] = {
        {"98732@sip.example.com;from-tag=r33th4x0r;to-tag=ff87ff", "98732@sip.example.com", "ff87ff",
         "r33th4x0r", false},
        {"12adf2f34456gs5;to-tag=12345;from-tag=54321", "12adf2f34456gs5", "12345", "54321", false},
        {"87134@171.161.34.23;to-tag=24796;from-tag=0", "87134@171.161.34.23", "24796", "0", false},
        {"x;to-tag=1;from-tag=2;early-only", "x", "1", "2", true},
        {"x;EARLY-ONLY;FROM-Tag=2;TO-tag=1", "x", "1", "2", true},
        {"x;early-only=yes;to-tag=1;from-tag=2", "x", "1", "2", true},
        {" x ; to-tag = 1 ;\r\n from-tag\r\n =\r\n 2 ", "x", "1", "2", false},
        {"x\r\n ;to-tag=1;from-tag=2", "x", "1", "2", false},
        {"a<b>()/:?[]{}\"\\@c<d>;to-tag=1;from-tag=2", "a<b>()/:?[]{}\"\\@c<d>", "1", "2", false},
        {"CaSe;to-tag=aB;from-tag=Cd", "CaSe", "aB", "Cd", false},
        {"x;other=1;to-tag=1;y;from-tag=2;z=\"q;to-tag=9\"", "x", "1", "2", false},
        {"x;to-tagx=3;to-tag=1;from-tag=2", "x", "1", "2", false},
        {"x;to-tag=-.!%*_+`'~;from-tag=2", "x", "-.!%*_+`'~", "2", false},
    };
    for (const auto& c : kCases) {
        const auto replaces = Replaces::parse(c.text);
        ASSERT_TRUE(replaces) << c.text;
        EXPECT_EQ(replaces->call_id, c.call_id) << c.text;
        EXPECT_EQ(replaces->to_tag, c.to_tag) << c.text;
        EXPECT_EQ(replaces->from_tag, c.from_tag) << c.text;
        EXPECT_EQ(replaces->early_only, c.early_only) << c.text;
    }
}

TEST(Replaces, RefusesWhatNamesNoDialog) {
    for (const std::string text : {"",
                                   ";",
                                   ";to-tag=1;from-tag=2",
                                   "x",
                                   "x;to-tag=1",
                                   "x;from-tag=2",
                                   "x;to-tag=1;to-tag=1;from-tag=2",
                                   "x;to-tag=1;from-tag=2;from-tag=3",
                                   "x;to-tag;from-tag=2",
                                   "x;to-tag=;from-tag=2",
                                   "x;to-tag=1;from-tag=2,",
                                   "x;to-tag=1;from-tag=2, y;to-tag=1;from-tag=2",
                                   "x, y;to-tag=1;from-tag=2",
                                   "x y;to-tag=1;from-tag=2",
                                   "x;to-tag=1;from-tag=2 z",
                                   "x;to-tag=1;;from-tag=2",
                                   "x;to-tag=1;from-tag=2;",
                                   "x;to-tag=\"1;from-tag=2",
                                   "x;to-tag=1;from-tag=2;\"",
                                   "x\x01y;to-tag=1;from-tag=2",
                                   "x\x7f;to-tag=1;from-tag=2"}) {
        const auto replaces = Replaces::parse(text);
        ASSERT_FALSE(replaces) << text;
        EXPECT_EQ(replaces.error(), ParseError::bad_replaces) << text;
    }
}

TEST(Replaces, LimitsItsParts) {
    const std::string fits(kMaxIdentifier, 'x');
    const std::string over(kMaxIdentifier + 1, 'x');
    EXPECT_TRUE(Replaces::parse(fits + ";to-tag=" + fits + ";from-tag=" + fits));
    for (const std::string& text :
         {over + ";to-tag=1;from-tag=2", "x;to-tag=" + over + ";from-tag=2", "x;to-tag=1;from-tag=" + over}) {
        const auto replaces = Replaces::parse(text);
        ASSERT_FALSE(replaces);
        EXPECT_EQ(replaces.error(), ParseError::value_too_long);
    }
}

TEST(Replaces, ReadsTargetDialogFromItsReceiversSide) {
    const auto target = Replaces::parse_target_dialog(
        "fa77as7dad8-sd98ajzz@host.example.com;local-tag=kkaz-;remote-tag=6544");
    ASSERT_TRUE(target);
    EXPECT_EQ(target->call_id, "fa77as7dad8-sd98ajzz@host.example.com");
    EXPECT_EQ(target->to_tag, "6544");
    EXPECT_EQ(target->from_tag, "kkaz-");
    EXPECT_FALSE(Replaces::parse_target_dialog("x;to-tag=1;from-tag=2"));
    EXPECT_FALSE(Replaces::parse_target_dialog("x;local-tag=1"));
    EXPECT_FALSE(Replaces::parse("x;local-tag=1;remote-tag=2"));
}

}  // namespace
}  // namespace sipsteer
