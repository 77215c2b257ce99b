#include "parser/value_scan.hpp"

#include <gtest/gtest.h>

#include "tests/fuzz/laws/exact_bytes.hpp"

namespace sipsteer {
namespace {

using Find = const char* (*)(const char*, const char*, const char*);

/// Every byte at every place of every length, found from the beginning, from a place before it and from
/// behind it, against the portable twin.
void check_twin(Find find, std::uint8_t classes) {
    for (int i = 0; i < 256; ++i) {
        for (std::size_t size = 0; size <= 40; ++size) {
            ExactBytes bytes(std::string(size, 'u'));
            const char* const begin = bytes.view().data();
            const char* const end = begin + size;
            ASSERT_EQ(find(begin, begin, end), end);
            for (std::size_t at = 0; at < size; ++at) {
                bytes[at] = static_cast<char>(i);
                for (const std::size_t from : {std::size_t{0}, at / 2, at, at + 1}) {
                    ASSERT_EQ(find(begin, begin + from, end), find_end_portable(begin + from, end, classes))
                        << i << ' ' << size << ' ' << at << ' ' << from;
                }
                bytes[at] = 'u';
            }
        }
    }
}

TEST(ValueScan, FindsTheEndOfARunLikeItsPortableTwin) {
    check_twin(find_uri_end, kUri);
    check_twin(find_value_end, kValue);
    check_twin(find_host_end, kHost);
}

TEST(ValueScan, TheTwinTellsTheClassesApart) {
    const std::string_view text = "h_-.9,u";
    const auto length = [text](std::uint8_t classes) {
        return find_end_portable(text.data(), text.data() + text.size(), classes) - text.data();
    };
    EXPECT_EQ(length(kUri), 7);
    EXPECT_EQ(length(kValue), 5);
    EXPECT_EQ(length(kHost), 5);
}

}  // namespace
}  // namespace sipsteer
