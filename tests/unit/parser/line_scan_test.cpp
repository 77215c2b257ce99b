#include "parser/line_scan.hpp"

#include <gtest/gtest.h>

#include <random>

#include "tests/fuzz/laws/exact_bytes.hpp"

namespace sipsteer {
namespace {

TEST(LineScan, FindsEachBreakAtEveryPlaceOfEveryLength) {
    for (std::size_t size = 0; size <= 70; ++size) {
        for (std::size_t at = 0; at <= size; ++at) {
            for (const char stop : {'\r', '\n', '\0'}) {
                ExactBytes bytes(std::string(size, 'x'));
                if (at < size) bytes[at] = stop;
                const char* begin = bytes.view().data();
                ASSERT_EQ(find_line_break(begin, begin + size) - begin, static_cast<std::ptrdiff_t>(at));
            }
        }
    }
}

TEST(LineScan, EqualsItsPortableTwinOnRandomBytes) {
    constexpr char kBreaks[] = {'\r', '\n', '\0'};
    std::mt19937_64 random(1);
    for (int round = 0; round < 3000; ++round) {
        std::string text(random() % 200, ' ');
        for (char& c : text) {
            c = static_cast<char>(random());
            if (random() % 60 == 0) c = kBreaks[random() % 3];
        }
        ExactBytes bytes(text);
        const char* end = bytes.view().data() + text.size();
        for (std::size_t from = 0; from <= text.size(); ++from) {
            const char* begin = bytes.view().data() + from;
            ASSERT_EQ(find_line_break(begin, end), find_line_break_portable(begin, end));
        }
    }
}

TEST(LineScan, TakesNoOtherByteForABreak) {
    for (int c = 1; c < 256; ++c) {
        if (c == '\r' || c == '\n') continue;
        const std::string text(40, static_cast<char>(c));
        EXPECT_EQ(find_line_break(text.data(), text.data() + text.size()), text.data() + text.size()) << c;
    }
}

}  // namespace
}  // namespace sipsteer
