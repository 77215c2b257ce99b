#include "proxy/table_memory.hpp"

#include <gtest/gtest.h>

#include <algorithm>

#include "proxy/pipeline.hpp"

namespace sipsteer {
namespace {

bool is_zero(std::span<const std::byte> bytes) {
    return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

TEST(OwnTableMemory, HoldsTheRecordsOfTheTables) {
    const OwnTableMemory own{5000};
    const TableMemory memory = own.memory();
    EXPECT_EQ(memory.pins.size(), PinTable::bytes_for(5000));
    EXPECT_EQ(memory.calls.size(), CallTable::bytes_for(5000));
    EXPECT_EQ(memory.bindings.size(), BindingTable::bytes_for(5000));
    EXPECT_TRUE(is_zero(memory.pins) && is_zero(memory.calls) && is_zero(memory.bindings));

    Tables tables{5000, memory};
    const DialogKey key{0x123456789abcdef1, 1, 2};
    tables.calls.learn(key, 3, DialogState::confirmed, 1000, {60, false});
    EXPECT_FALSE(is_zero(memory.calls));
    EXPECT_TRUE(is_zero(memory.pins) && is_zero(memory.bindings));
    ASSERT_TRUE(tables.calls.find(key, 1001));
    EXPECT_EQ(tables.calls.find(key, 1001)->server, 3);
}

}  // namespace
}  // namespace sipsteer
