#include "parser/line_scan.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <string>

#include "tests/fuzz/laws/exact_bytes.hpp"

namespace sipsteer {
namespace {

using Find = std::function<const char*(const char*, const char*)>;

/// Every byte at every place of every length, against the twin and against what the byte is.
void check_twin(const Find& find, const Find& twin, bool (*passes)(char)) {
    for (int i = 0; i < 256; ++i) {
        const char c = static_cast<char>(i);
        for (std::size_t size = 0; size <= 70; ++size) {
            ExactBytes bytes(std::string(size, 'u'));
            const char* const begin = bytes.view().data();
            ASSERT_EQ(find(begin, begin + size), begin + size);
            for (std::size_t at = 0; at < size; ++at) {
                bytes[at] = c;
                ASSERT_EQ(find(begin, begin + size), twin(begin, begin + size)) << i;
                ASSERT_EQ(find(begin, begin + size), passes(c) ? begin + size : begin + at) << i;
                bytes[at] = 'u';
            }
        }
    }
}

TEST(LineScan, FindsControlsLikeItsPortableTwin) {
    check_twin(find_control, find_control_portable,
               [](char c) { return static_cast<unsigned char>(c) > '\r'; });
}

TEST(LineScan, FindsTheFirstOfManyControlsLikeItsPortableTwin) {
    std::mt19937_64 random(2);
    for (int round = 0; round < 3000; ++round) {
        std::string text(random() % 200, ' ');
        for (char& c : text) c = static_cast<char>(random() % 20 == 0 ? random() % 16 : random());
        ExactBytes bytes(text);
        const char* const end = bytes.view().data() + text.size();
        for (const char* at = bytes.view().data(); at != end; ++at)
            ASSERT_EQ(find_control(at, end), find_control_portable(at, end));
    }
}

TEST(LineScan, FindsEachLineBreakInOrder) {
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
        const char* const end = begin + text.size();
        const char* at = begin;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] != '\r' && text[i] != '\n' && text[i] != '\0') continue;
            ASSERT_EQ(find_line_break(at, end), begin + i);
            at = begin + i + 1;
        }
        ASSERT_EQ(find_line_break(at, end), end);
    }
}

TEST(LineScan, TakesNoOtherByteForALineBreak) {
    for (int c = 1; c < 256; ++c) {
        if (c == '\r' || c == '\n') continue;
        const std::string text(140, static_cast<char>(c));
        EXPECT_EQ(find_line_break(text.data(), text.data() + text.size()), text.data() + text.size()) << c;
    }
}

TEST(LineScan, FindsTheEndOfANameLikeItsPortableTwin) {
    check_twin(find_name_end, find_name_end_portable,
               [](char c) { return c == '-' || (to_lower(c) >= 'a' && to_lower(c) <= 'z'); });
}

}  // namespace
}  // namespace sipsteer
