#include "parser/line_scan.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <random>
#include <vector>

#include "tests/fuzz/laws/exact_bytes.hpp"

namespace sipsteer {
namespace {

std::vector<std::size_t> breaks_of(std::string_view text) {
    std::vector<std::size_t> found;
    LineBreaks breaks{text};
    const char* const end = text.data() + text.size();
    for (const char* at = breaks.next(); at != end; at = breaks.next())
        found.push_back(static_cast<std::size_t>(at - text.data()));
    return found;
}

TEST(LineBreaks, FindsEachBreakAtEveryPlaceOfEveryLength) {
    for (std::size_t size = 0; size <= 200; ++size) {
        for (std::size_t at = 0; at < size; ++at) {
            for (const char stop : {'\r', '\n', '\0'}) {
                ExactBytes bytes(std::string(size, 'x'));
                bytes[at] = stop;
                ASSERT_EQ(breaks_of(bytes.view()), std::vector<std::size_t>{at}) << size;
            }
        }
    }
}

TEST(LineBreaks, FindsAllInOrderOnRandomBytes) {
    constexpr char kBreaks[] = {'\r', '\n', '\0'};
    std::mt19937_64 random(1);
    for (int round = 0; round < 3000; ++round) {
        std::string text(random() % 400, ' ');
        for (char& c : text) {
            c = static_cast<char>(random());
            if (random() % 20 == 0) c = kBreaks[random() % 3];
        }
        std::vector<std::size_t> expected;
        for (std::size_t i = 0; i < text.size(); ++i) {
            if (text[i] == '\r' || text[i] == '\n' || text[i] == '\0') expected.push_back(i);
        }
        ExactBytes bytes(text);
        ASSERT_EQ(breaks_of(bytes.view()), expected);
    }
}

TEST(LineBreaks, TakesNoOtherByteForABreak) {
    for (int c = 1; c < 256; ++c) {
        if (c == '\r' || c == '\n') continue;
        EXPECT_TRUE(breaks_of(std::string(140, static_cast<char>(c))).empty()) << c;
    }
}

TEST(LineBreaks, MaskEqualsThatOfThePortableTwin) {
    std::mt19937_64 random(2);
    for (int round = 0; round < 3000; ++round) {
        std::string text(64, ' ');
        for (char& c : text) c = static_cast<char>(random() % 3 == 0 ? random() % 16 : random());
        ExactBytes bytes(text);
        ASSERT_EQ(control_mask(bytes.view().data()), control_mask_portable(bytes.view().data(), 64));
    }
}

using Find = std::function<const char*(const char*, const char*)>;

/// Every byte at every place of every length, against the twin and against what the byte is.
void check_twin(const Find& find, const Find& twin, bool (*passes)(char)) {
    for (int i = 0; i < 256; ++i) {
        const char c = static_cast<char>(i);
        for (std::size_t size = 0; size <= 40; ++size) {
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

TEST(LineScan, FindsTheEndOfAUriLikeItsPortableTwin) {
    const auto portable = [](std::uint8_t classes) {
        return [classes](const char* at, const char* end) { return find_end_portable(at, end, classes); };
    };
    check_twin(find_uri_end, portable(kUri), [](char c) { return is(c, kUri); });
    check_twin(find_value_end, portable(kValue), [](char c) { return is(c, kValue); });
}

TEST(LineScan, FindsTheEndOfANameLikeItsPortableTwin) {
    check_twin(find_name_end, find_name_end_portable,
               [](char c) { return c == '-' || (to_lower(c) >= 'a' && to_lower(c) <= 'z'); });
}

}  // namespace
}  // namespace sipsteer
