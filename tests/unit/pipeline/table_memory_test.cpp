// When the pages of the tables come.
#include "proxy/table_memory.hpp"

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <vector>

namespace sipsteer::test {
namespace {

std::ptrdiff_t resident_pages(std::span<std::byte> memory) {
    std::vector<unsigned char> pages(memory.size() / static_cast<std::size_t>(::sysconf(_SC_PAGESIZE)));
    EXPECT_EQ(::mincore(memory.data(), memory.size(), pages.data()), 0);
    return std::ranges::count_if(pages, [](unsigned char page) { return (page & 1) != 0; });
}

TEST(TableMemory, IsThereBeforeTheFirstCall) {
    const HugePages memory{std::size_t{8} << 20};
    EXPECT_EQ(resident_pages(memory.bytes()) * ::sysconf(_SC_PAGESIZE), 8 << 20);
}

TEST(TableMemory, OfManyMillionCallsComesWhenItIsUsed) {
    const HugePages memory{std::size_t{512} << 20};
    EXPECT_EQ(resident_pages(memory.bytes()), 0);
    memory.bytes()[0] = std::byte{1};
    EXPECT_GT(resident_pages(memory.bytes()), 0);
}

}  // namespace
}  // namespace sipsteer::test
