#include "parser/name_addr.hpp"

#include <gtest/gtest.h>

#include <string>

#include "parser/via.hpp"

namespace sipsteer {
namespace {

struct Case {
    std::string text;
    std::string uri;
    std::string parameters;
    std::string tag;  ///< "!": an error
    std::string rest;
};

TEST(NameAddr, ReadsEveryForm) {
    const Case kCases[] = {
        {"<sip:a@b>", "sip:a@b", "", "", ""},
        {"sip:a@b", "sip:a@b", "", "", ""},
        {"sip:a@b;tag=1", "sip:a@b", ";tag=1", "1", ""},
        {"sip:a@b ; tag = 1 ", "sip:a@b", "; tag = 1", "1", ""},
        {"<sip:a@b;tag=uri>", "sip:a@b;tag=uri", "", "", ""},
        {"<sip:a@b;tag=uri>;tag=1", "sip:a@b;tag=uri", ";tag=1", "1", ""},
        {"\"a;tag=evil\" <sip:a@b;tag=inuri>;tag=real", "sip:a@b;tag=inuri", ";tag=real", "real", ""},
        {R"("q \" <sip:no> ," <sip:a@b>;tag=1)", "sip:a@b", ";tag=1", "1", ""},
        {R"("\\"<sip:a@b>;tag=1)", "sip:a@b", ";tag=1", "1", ""},
        {"\"\" <sip:a@b>;TAG=1", "sip:a@b", ";TAG=1", "1", ""},
        {"caller<sip:a@b>;tag=1", "sip:a@b", ";tag=1", "1", ""},
        {"A. B'~ c%!+` *_- <sip:a@b>;tag=1", "sip:a@b", ";tag=1", "1", ""},
        {"\xd0\x98\xd0\xbc\xd1\x8f <sip:a@b>;tag=1", "sip:a@b", ";tag=1", "1", ""},
        {"A (home) <sip:a@b>;tag=1", "sip:a@b", ";tag=1", "1", ""},
        {"\"A\"\r\n <sip:a@b>\r\n ;x=\"y;tag=no\"\r\n\t; tag\r\n =\r\n 1", "sip:a@b",
         ";x=\"y;tag=no\"\r\n\t; tag\r\n =\r\n 1", "1", ""},
        {"<sip:a@b>;x;tag=1;y=\"\\\"\"", "sip:a@b", ";x;tag=1;y=\"\\\"\"", "1", ""},
        {"isbn:2983792873;tag=1", "isbn:2983792873", ";tag=1", "1", ""},
        {"<http://www.example.com/?x,y;z>;tag=1", "http://www.example.com/?x,y;z", ";tag=1", "1", ""},
        {"<sip:user;par=u%40example.net@example.com>;tag=1", "sip:user;par=u%40example.net@example.com",
         ";tag=1", "1", ""},
        {"<sip:a@[2001:db8::1]:5060>;tag=1", "sip:a@[2001:db8::1]:5060", ";tag=1", "1", ""},
        {"<sip:a@b?x=%22y%22>", "sip:a@b?x=%22y%22", "", "", ""},
        {"<sip:a@b>;tag=1;tag=2", "sip:a@b", ";tag=1;tag=2", "!", ""},
        {"<sip:a@b>;tag", "sip:a@b", ";tag", "!", ""},
        {"<sip:a@b>;xtag=1;tagx=2", "sip:a@b", ";xtag=1;tagx=2", "", ""},
        // Lists: only the first value is read.
        {"<sip:a;lr>,<sip:b;lr>", "sip:a;lr", "", "", "<sip:b;lr>"},
        {"<sip:a;lr>;x=\",\" ,\r\n <sip:b;lr>, <sip:c>", "sip:a;lr", ";x=\",\"", "", "<sip:b;lr>, <sip:c>"},
        {"\"x, y\" <sip:a,b@c>, sip:d", "sip:a,b@c", "", "", "sip:d"},
        {"sip:a@b, <sip:c@d>", "sip:a@b", "", "", "<sip:c@d>"},
        {"sip:a@b;tag=1, \"x\" <sip:c@d>;tag=2", "sip:a@b", ";tag=1", "1", "\"x\" <sip:c@d>;tag=2"},
    };
    for (const Case& c : kCases) {
        const auto address = NameAddr::parse(c.text);
        ASSERT_TRUE(address) << c.text;
        EXPECT_EQ(address->uri, c.uri) << c.text;
        EXPECT_EQ(address->parameters, c.parameters) << c.text;
        EXPECT_EQ(address->rest, c.rest) << c.text;
        const auto tag = address->tag();
        EXPECT_EQ(tag ? std::string(*tag) : "!", c.tag) << c.text;
    }
}

TEST(NameAddr, RefusesWhatIsNone) {
    for (const char* text : {"",
                             " ",
                             "<>",
                             "< >",
                             "<sip:a@b",
                             "sip:a@b>",
                             "\"x <sip:a@b>",
                             "\"x\\\" <sip:a@b>",
                             "\"x\"",
                             "\"x\" sip:a@b",
                             "x\x01 <sip:a@b>",
                             "> <sip:a@b>",
                             "x\x7f<sip:a@b>",
                             "< sip:a@b>",
                             "<sip:a@b >",
                             "<sip:a b@c>",
                             "<sip:a@\r\n b>",
                             "<sip:<sip:a>>",
                             "<<sip:a@b>>",
                             "<sip:a@b> x",
                             "<sip:a@b>x",
                             "<sip:a@b>;",
                             "<sip:a@b>;;tag=1",
                             "<sip:a@b>;tag=",
                             "<sip:a@b>;=1",
                             "<sip:a@b>;tag=\"1",
                             "<sip:a@b>;tag=1 2",
                             "sip:a@b?x=y",
                             "sip:a@b;tag=1 <sip:c@d>;tag=2",
                             "sip:a@b <sip:c@d>",
                             "<sip:a\"b@c>",
                             ",<sip:a@b>",
                             "<sip:a@b>,",
                             "<sip:a@b> , ",
                             ";tag=1",
                             "<sip:a@b>;<tag=1>",
                             "<sip:a@b>;tag=<1>"}) {
        const auto address = NameAddr::parse(text);
        ASSERT_FALSE(address) << text;
        EXPECT_EQ(address.error(), ParseError::bad_name_addr) << text;
    }
}

TEST(NameAddr, DoesNotTakeAnAddressForADisplayName) {
    // Another scanner sees the first address; so must we, or nothing.
    const auto list = NameAddr::parse("sip:one@b;lr, <sip:two@b;lr>");
    ASSERT_TRUE(list);
    EXPECT_EQ(list->uri, "sip:one@b");
    const auto comma = NameAddr::parse("Bell, Alexander <sip:a.g.bell@example.com>;tag=43");
    EXPECT_TRUE(!comma || comma->uri != "sip:a.g.bell@example.com");
    EXPECT_FALSE(NameAddr::parse("sip:a@b;tag=1 <sip:c@d>;tag=2"));
}

TEST(NameAddr, LimitsTheTag) {
    const std::string longest = "<sip:a>;tag=" + std::string(kMaxIdentifier, 'x');
    const auto fits = NameAddr::parse(longest);
    ASSERT_TRUE(fits);
    EXPECT_TRUE(fits->tag());
    const std::string text = "<sip:a>;tag=" + std::string(kMaxIdentifier + 1, 'x');
    const auto too_long = NameAddr::parse(text);
    ASSERT_TRUE(too_long);
    EXPECT_EQ(too_long->tag().error(), ParseError::value_too_long);
}

TEST(NameAddr, KnowsItsWhole) {
    const auto address = NameAddr::parse("  \"x\" <sip:a@b> ;y=1 , <sip:c>");
    ASSERT_TRUE(address);
    EXPECT_EQ(address->whole, "\"x\" <sip:a@b> ;y=1");
    EXPECT_TRUE(address->bracketed);
    EXPECT_FALSE(NameAddr::parse("sip:a@b")->bracketed);
}

}  // namespace
}  // namespace sipsteer
