// chars.hpp, cursor.hpp and method.hpp: the small steps that every parser is made of.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "parser/chars.hpp"
#include "parser/cursor.hpp"
#include "parser/method.hpp"

namespace sipsteer {
namespace {

TEST(Chars, ClassesAreThoseOfTheGrammar) {
    const std::string_view alphanum = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    for (int i = 0; i < 256; ++i) {
        const char c = static_cast<char>(i);
        const bool alnum = alphanum.find(c) != std::string_view::npos;
        const bool digit = c >= '0' && c <= '9';
        EXPECT_EQ(is(c, kToken), alnum || std::string_view("-.!%*_+`'~").find(c) != std::string_view::npos)
            << i;
        EXPECT_EQ(is(c, kDigit), digit) << i;
        EXPECT_EQ(is(c, kHexDigit), digit || (to_lower(c) >= 'a' && to_lower(c) <= 'f')) << i;
        EXPECT_EQ(is(c, kHost), alnum || c == '-' || c == '.' || c == '_') << i;
        EXPECT_EQ(is(c, kIpv6), is(c, kHexDigit) || c == ':' || c == '.') << i;
        EXPECT_EQ(is(c, kUri), i > 0x20 && i != 0x7f && c != '<' && c != '>' && c != '"') << i;
        EXPECT_EQ(hex_value(c) >= 0, is(c, kHexDigit)) << i;
        EXPECT_EQ(is_lws(c), c == ' ' || c == '\t' || c == '\r' || c == '\n') << i;
    }
}

TEST(Chars, ComparesWithoutCaseByAsciiOnly) {
    EXPECT_TRUE(iequals("Call-ID", "cALL-id"));
    EXPECT_FALSE(iequals("a", "ab"));
    EXPECT_FALSE(iequals("[", "{"));  // differ by 0x20, but are no letters
    EXPECT_FALSE(iequals("@", "`"));
    EXPECT_FALSE(iequals("\xc4", "\xe4"));
}

TEST(Chars, ReadsNumbersWithinTheirLimit) {
    const struct {
        std::string text;
        bool ok;
        std::uint32_t value;
    } kCases[] = {
        {"0", true, 0},
        {"0068", true, 68},
        {std::string(400, '0') + "7", true, 7},
        {"4294967295", true, 0xffffffff},
        {"4294967296", false, 0},
        {"4294967301", false, 0},
        {"18446744073709551616", false, 0},
        {"18446744073709551621", false, 0},
        {std::string(400, '9'), false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"0x1", false, 0},
        {"1e3", false, 0},
        {std::string("1\0", 2), false, 0},
        {"\xd9\xa1", false, 0},  // an Arabic-Indic digit
    };
    for (const auto& c : kCases) {
        std::uint32_t value = 12345;
        EXPECT_EQ(parse_number(c.text, 0xffffffff, value), c.ok) << c.text;
        EXPECT_EQ(value, c.ok ? c.value : 12345U) << c.text;
    }
    std::uint32_t value = 0;
    EXPECT_TRUE(parse_number("255", 255, value));
    EXPECT_FALSE(parse_number("256", 255, value));
}

/// One digit after the other, as the grammar has it.
const char* read_by_digits(const char* at, const char* end, std::uint32_t max, std::uint32_t& value) {
    std::uint64_t sum = 0;
    const char* const begin = at;
    for (; at != end && *at >= '0' && *at <= '9'; ++at) {
        sum = sum * 10 + static_cast<unsigned>(*at - '0');
        if (sum > max) return nullptr;
    }
    if (at == begin) return nullptr;
    value = static_cast<std::uint32_t>(sum);
    return at;
}

TEST(Chars, ReadsNumbersOfAnyLengthWithAnythingBehindThem) {
    for (std::size_t digits = 0; digits <= 12; ++digits) {
        for (std::size_t behind = 0; behind <= 9; ++behind) {
            for (int c = 0; c < 256; ++c) {
                // Of exactly that size: a read behind it is seen by the sanitizer.
                std::vector<char> text(digits + behind, static_cast<char>(c));
                std::copy_n("901234567890", digits, text.begin());
                for (const std::uint32_t max : {255U, 65535U, 0xffffffffU}) {
                    std::uint32_t value = 12345;
                    std::uint32_t expected = 12345;
                    const char* const begin = text.data();
                    const char* const end = begin + text.size();
                    ASSERT_EQ(read_number(begin, end, max, value), read_by_digits(begin, end, max, expected))
                        << digits << ' ' << behind << ' ' << c << ' ' << max;
                    ASSERT_EQ(value, expected);
                }
            }
        }
    }
}

TEST(Cursor, TakesQuotedStringsWithTheirEscapes) {
    const std::pair<const char*, const char*> kCases[] = {
        {R"("a" b)", R"("a")"},
        {R"("")", R"("")"},
        {R"("a\"b" c)", R"("a\"b")"},
        {R"("\\" c)", R"("\\")"},
        {R"("a)", ""},
        {R"("a\")", ""},
        {R"("a\)", ""},
        {R"(")", ""},
        {R"(a")", ""},
        {R"("<;,>" x)", R"("<;,>")"},
    };
    for (const auto& [text, expected] : kCases) {
        Cursor cursor{text};
        EXPECT_EQ(cursor.take_quoted(), expected) << text;
        EXPECT_EQ(cursor.rest(), std::string_view(text).substr(std::string_view(expected).size())) << text;
    }
}

struct Read {
    std::string parameters;
    bool ok = true;
    std::string rest;
};

Read read_parameters(std::string_view text) {
    Read read;
    Cursor cursor{text};
    Parameter parameter;
    while (next_parameter(cursor, parameter, read.ok)) {
        read.parameters.append("[").append(parameter.name);
        if (parameter.has_value) read.parameters.append("=").append(parameter.value);
        read.parameters.append("]");
    }
    read.rest = cursor.rest();
    return read;
}

TEST(Cursor, ReadsParameterLists) {
    EXPECT_EQ(read_parameters(";a;b=1;c=\"x;y\"").parameters, "[a][b=1][c=\"x;y\"]");
    EXPECT_EQ(read_parameters(" ; a = 1\r\n ;\r\n\tb").parameters, "[a=1][b]");
    EXPECT_EQ(read_parameters(";received=[::1]:5").parameters, "[received=[::1]:5]");
    EXPECT_EQ(read_parameters(";a=1, x").rest, ", x");
    EXPECT_EQ(read_parameters(";a , x").parameters, "[a]");
    EXPECT_EQ(read_parameters("").parameters, "");
    EXPECT_EQ(read_parameters("x").rest, "x");
    for (const char* bad : {";", ";;a", ";=1", ";a=", ";a=;b", ";a=\"x", ";a= ", ";a=<x>", ";\"a\"=1"}) {
        EXPECT_FALSE(read_parameters(bad).ok) << bad;
    }
}

TEST(Cursor, KnowsWhereAParameterStands) {
    constexpr std::string_view kText = ";x ;received = 1.2.3.4 ;y";
    Cursor cursor{kText};
    Parameter parameter;
    bool ok = true;
    ASSERT_TRUE(next_parameter(cursor, parameter, ok));
    EXPECT_EQ(parameter.whole, ";x");
    ASSERT_TRUE(next_parameter(cursor, parameter, ok));
    EXPECT_EQ(parameter.whole, ";received = 1.2.3.4");
    ASSERT_TRUE(next_parameter(cursor, parameter, ok));
    EXPECT_EQ(parameter.whole, ";y");
    EXPECT_FALSE(next_parameter(cursor, parameter, ok));
    EXPECT_TRUE(ok);
}

TEST(Method, IsACaseSensitiveToken) {
    const std::pair<const char*, Method> kCases[] = {
        {"INVITE", Method::invite},       {"ACK", Method::ack},         {"BYE", Method::bye},
        {"CANCEL", Method::cancel},       {"OPTIONS", Method::options}, {"REGISTER", Method::register_},
        {"SUBSCRIBE", Method::subscribe}, {"NOTIFY", Method::notify},   {"PUBLISH", Method::publish},
        {"REFER", Method::refer},         {"MESSAGE", Method::message}, {"INFO", Method::info},
        {"PRACK", Method::prack},         {"UPDATE", Method::update},
    };
    EXPECT_EQ(std::size(kCases), static_cast<std::size_t>(Method::other));
    for (const auto& [token, method] : kCases) {
        EXPECT_EQ(method_of(token), method);
        EXPECT_EQ(method_of(std::string(token) + "X"), Method::other);
        std::string lower = token;
        lower.back() = to_lower(lower.back());
        EXPECT_EQ(method_of(lower), Method::other);
    }
    EXPECT_EQ(method_of(""), Method::other);
}

}  // namespace
}  // namespace sipsteer
