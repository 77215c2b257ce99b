#include "parser/controls.hpp"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "tests/fuzz/laws/exact_bytes.hpp"

namespace sipsteer {
namespace {

bool is_control(char c) { return static_cast<unsigned char>(c) <= '\r'; }

/// Walks over all controls of `text`, from each result to the next.
void check_walk(std::string_view text) {
    const ExactBytes bytes(text);
    const char* const begin = bytes.view().data();
    const char* const end = begin + text.size();
    Controls controls{bytes.view()};
    const char* from = begin;
    for (const char* at = begin; at != end; ++at) {
        if (!is_control(*at)) continue;
        ASSERT_EQ(controls.next(from) - begin, at - begin) << text.size();
        from = at + 1;
    }
    ASSERT_EQ(controls.next(from), end);
    ASSERT_EQ(controls.next(end), end);
}

TEST(Controls, FindsEveryByteAtEveryPlaceOfEveryLength) {
    for (std::size_t size = 0; size <= 140; ++size) {
        std::string text(size, 'u');
        check_walk(text);
        for (std::size_t at = 0; at < size; ++at) {
            for (const char c : {'\0', '\t', '\n', '\r', '\x0e', ' ', '\xff'}) {
                text[at] = c;
                check_walk(text);
            }
            text[at] = 'u';
        }
    }
}

TEST(Controls, AreThoseOfThePortableTwin) {
    for (int c = 0; c < 256; ++c) {
        std::string block(Controls::kBlock, static_cast<char>(c));
        ASSERT_EQ(Controls::mask_of(block.data()), Controls::mask_portable(block)) << c;
        ASSERT_EQ(Controls::mask_of(block.data()), is_control(static_cast<char>(c)) ? ~std::uint64_t{0} : 0);
    }
    std::mt19937_64 random(2);
    for (int round = 0; round < 3000; ++round) {
        std::string text(random() % 300, ' ');
        for (char& c : text) c = static_cast<char>(random() % 20 == 0 ? random() % 16 : random());
        check_walk(text);
        if (text.size() < Controls::kBlock) continue;
        ASSERT_EQ(Controls::mask_of(text.data()), Controls::mask_portable(text.substr(0, Controls::kBlock)));
    }
}

/// As the header section is read: what lies before the place asked for, or is passed by, is left out.
TEST(Controls, LeavesOutWhatIsPassed) {
    for (std::size_t before = 0; before <= 130; ++before) {
        const std::string text = std::string(before, 'u') + "\r\nu\tu\r\n\r\n" + std::string(80, 'u');
        const ExactBytes bytes(text);
        const char* const pair = bytes.view().data() + before;
        Controls controls{bytes.view()};
        ASSERT_EQ(controls.next(bytes.view().data()), pair);
        controls.pass_pair();
        ASSERT_EQ(controls.next(pair + 2), pair + 3) << before;
        ASSERT_EQ(controls.next(pair + 4), pair + 5);
        ASSERT_EQ(controls.next(pair + 7), pair + 7);
        ASSERT_EQ(controls.next(pair + 9), bytes.view().data() + text.size());
    }
}

TEST(Controls, FindsEachLineBreakInOrder) {
    constexpr char kBreaks[] = {'\r', '\n', '\0'};
    std::mt19937_64 random(1);
    for (int round = 0; round < 3000; ++round) {
        std::string text(random() % 400, ' ');
        for (char& c : text) {
            c = static_cast<char>(random());
            if (random() % 20 == 0) c = kBreaks[random() % 3];
        }
        ExactBytes bytes(text);
        const char* const begin = bytes.view().data();
        Controls controls{bytes.view()};
        const char* at = begin;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '\r' && text[i] != '\n' && text[i] != '\0') continue;
            ASSERT_EQ(controls.next_break(at), begin + i);
            at = begin + i + 1;
        }
        ASSERT_EQ(controls.next_break(at), begin + text.size());
    }
}

TEST(Controls, TakesNoOtherByteForALineBreak) {
    for (int c = 1; c < 256; ++c) {
        if (c == '\r' || c == '\n') continue;
        const std::string text(140, static_cast<char>(c));
        EXPECT_EQ(Controls{text}.next_break(text.data()), text.data() + text.size()) << c;
    }
}

}  // namespace
}  // namespace sipsteer
