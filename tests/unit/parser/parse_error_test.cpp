#include "parser/parse_error.hpp"

#include <gtest/gtest.h>

#include <set>

#include "parser/chars.hpp"

namespace sipsteer {
namespace {

TEST(ParseError, HasAWordAndAPhraseOfItsOwn) {
    std::set<std::string_view> words;
    std::set<std::string_view> phrases;
    for (int i = 0; i < static_cast<int>(ParseError::kCount); ++i) {
        const auto error = static_cast<ParseError>(i);
        EXPECT_TRUE(words.insert(to_string(error)).second) << to_string(error);
        EXPECT_TRUE(phrases.insert(reason_phrase(error)).second) << reason_phrase(error);
        EXPECT_FALSE(to_string(error).empty());
        for (const char c : to_string(error)) EXPECT_TRUE((c >= 'a' && c <= 'z') || c == '_');
        for (const char c : reason_phrase(error)) EXPECT_TRUE(is(c, kToken) || c == ' ');
    }
    EXPECT_EQ(to_string(ParseError::not_sip), "not_sip");
    EXPECT_EQ(to_string(ParseError::bad_cseq), "bad_cseq");
    EXPECT_EQ(to_string(ParseError::bad_ip_address), "bad_ip_address");
    EXPECT_EQ(reason_phrase(ParseError::bad_cseq), "Bad CSeq");
}

}  // namespace
}  // namespace sipsteer
