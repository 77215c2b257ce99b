#include "routing/keyed_hash.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "routing/dialog_key.hpp"
#include "routing/hex.hpp"
#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

TEST(KeyedHash, IsSipHash24) {
    // The first two of the vectors that the authors of SipHash published: key 00..0f, input 00..
    KeyedHash::Key key;
    for (std::uint8_t i = 0; i < key.size(); ++i) key[i] = i;
    const KeyedHash hash{key};
    EXPECT_EQ(hash(""), 0x726fdb47dd0e0e31ULL);
    EXPECT_EQ(hash(std::string_view("\0", 1)), 0x74f839c593dc67fdULL);
}

TEST(KeyedHash, KeepsPartsApart) {
    const KeyedHash hash = sample::key().table;
    const auto of = [&hash](std::initializer_list<std::string_view> parts) {
        KeyedHash::Input input{hash};
        for (const std::string_view part : parts) input.add(part);
        return input.finish();
    };
    const std::set<std::uint64_t> all = {of({"ab", "c"}), of({"a", "bc"}), of({"abc"}),
                                         of({"abc", ""}), of({"", "abc"}), of({})};
    EXPECT_EQ(all.size(), 6U);
}

TEST(KeyedHash, EveryByteOfEveryLengthCounts) {
    const KeyedHash hash = sample::key().table;
    for (const std::size_t size : {1U, 100U, 511U, 512U, 513U, 1024U, 1025U, 5000U}) {
        const std::string text(size, 'a');
        const auto before = KeyedHash::Input{hash}.add(text).finish();
        const auto before_lower = KeyedHash::Input{hash}.add_lower(text).finish();
        for (const std::size_t at : {std::size_t{0}, size / 2, size - 1}) {
            std::string changed = text;
            changed[at] = 'b';
            EXPECT_NE(KeyedHash::Input{hash}.add(changed).finish(), before) << size;
            EXPECT_NE(KeyedHash::Input{hash}.add_lower(changed).finish(), before_lower) << size;
            changed[at] = 'A';
            EXPECT_NE(KeyedHash::Input{hash}.add(changed).finish(), before) << size;
            EXPECT_EQ(KeyedHash::Input{hash}.add_lower(changed).finish(), before_lower) << size;
        }
        EXPECT_NE(KeyedHash::Input{hash}.add(text + "a").finish(), before) << size;
    }
}

TEST(KeyedHash, LowersCapitalsAndNothingElseOfAnyLength) {
    const KeyedHash hash = sample::key().table;
    for (std::size_t size = 0; size <= 300; ++size) {
        std::string text(size, ' ');
        std::string lowered = text;
        for (std::size_t i = 0; i < size; ++i) {
            text[i] = static_cast<char>(size * 7 + i);  // all bytes, each at many places
            lowered[i] = to_lower(text[i]);
        }
        const auto of = [&](std::string_view part) {
            return KeyedHash::Input{hash}.add_lower(part).add(1U).finish();
        };
        EXPECT_EQ(of(text), of(lowered)) << size;
        if (size <= 128) {
            EXPECT_EQ(of(text), KeyedHash::Input{hash}.add(lowered).add(1U).finish()) << size;
        }
    }
}

TEST(KeyedHash, WhatFollowsLongPartsStillCounts) {
    // The longest that the parser lets through: a host of a whole line, then four identifiers.
    const KeyedHash hash = sample::key().sign;
    const std::string host(16384, 'h');
    const std::string id(1024, 'i');
    const auto of = [&](std::string_view last, std::uint32_t number) {
        return KeyedHash::Input{hash}
            .add("branch")
            .add(id)
            .add_lower(host)
            .add(5060U)
            .add(id)
            .add(number)
            .add(7U)
            .add(last)
            .finish();
    };
    EXPECT_NE(of("x", 1), of("y", 1));
    EXPECT_NE(of("x", 1), of("x", 2));
}

TEST(ClusterKey, GivesFourKeysThatDependOnTheSecret) {
    const ClusterKey a = sample::key(1);
    const ClusterKey b = sample::key(2);
    const std::set<std::uint64_t> all = {a.sign("x"), a.table("x"), a.place("x"), a.call("x"),
                                         b.sign("x"), b.table("x"), b.place("x"), b.call("x")};
    EXPECT_EQ(all.size(), 8U);
    EXPECT_EQ(sample::key(1).sign("x"), a.sign("x"));
}

TEST(DialogKey, ComparesAsRfc3891Says) {
    const ClusterKey secrets = sample::key();
    const DialogKey key = dialog_key(secrets, "Call@h", "aB1", "cD2");
    EXPECT_EQ(key, dialog_key(secrets, "Call@h", "Ab1", "Cd2")) << "tags without regard to case";
    EXPECT_NE(key, dialog_key(secrets, "call@h", "aB1", "cD2")) << "Call-ID byte for byte";
    EXPECT_NE(key, dialog_key(secrets, "Call@h", "cD2", "aB1"));
    EXPECT_EQ(key.reversed(), dialog_key(secrets, "Call@h", "cD2", "aB1"));
    EXPECT_EQ(dialog_key(secrets, "x", "0", "t"), dialog_key(secrets, "x", "", "t")) << "0 stands for no tag";
    EXPECT_NE(dialog_key(secrets, "x", "00", "t"), dialog_key(secrets, "x", "", "t"));
    EXPECT_NE(key.call, 0U);
}

TEST(Hex, ReadsWhatItWrites) {
    for (const std::uint64_t value :
         {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{0xdeadbeef}, ~std::uint64_t{0}}) {
        std::array<char, 16> text;
        write_hex(text.data(), value, 16);
        std::uint64_t again = 1;
        EXPECT_TRUE(read_hex({text.data(), text.size()}, again));
        EXPECT_EQ(again, value);
    }
    std::uint64_t value = 0;
    EXPECT_FALSE(read_hex("0123456789abcdef0", value));
    EXPECT_FALSE(read_hex("12g4", value));
    EXPECT_FALSE(read_hex("-1", value));
}

}  // namespace
}  // namespace sipsteer
