#include "parser/header_id.hpp"

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "parser/chars.hpp"
#include "parser/header_names.hpp"
#include "tests/fuzz/laws/exact_bytes.hpp"

namespace sipsteer {
namespace {

const std::map<std::string, HeaderId> kNames = {
    {"via", HeaderId::via},
    {"v", HeaderId::via},
    {"from", HeaderId::from},
    {"f", HeaderId::from},
    {"to", HeaderId::to},
    {"t", HeaderId::to},
    {"call-id", HeaderId::call_id},
    {"i", HeaderId::call_id},
    {"cseq", HeaderId::cseq},
    {"max-forwards", HeaderId::max_forwards},
    {"content-length", HeaderId::content_length},
    {"l", HeaderId::content_length},
    {"route", HeaderId::route},
    {"record-route", HeaderId::record_route},
    {"contact", HeaderId::contact},
    {"m", HeaderId::contact},
    {"require", HeaderId::require},
    {"proxy-require", HeaderId::proxy_require},
    {"supported", HeaderId::supported},
    {"k", HeaderId::supported},
    {"replaces", HeaderId::replaces},
    {"join", HeaderId::join},
    {"target-dialog", HeaderId::target_dialog},
    {"refer-to", HeaderId::refer_to},
    {"r", HeaderId::refer_to},
    {"session-expires", HeaderId::session_expires},
    {"x", HeaderId::session_expires},
    {"expires", HeaderId::expires},
    {"path", HeaderId::path},
    {"authorization", HeaderId::authorization},
};

std::string mixed_case(std::string name, unsigned pattern) {
    for (std::size_t i = 0; i < name.size(); ++i) {
        if ((pattern >> (i % 16) & 1U) != 0 && name[i] >= 'a' && name[i] <= 'z')
            name[i] = static_cast<char>(name[i] & ~0x20);
    }
    return name;
}

TEST(HeaderId, KnowsEveryNameInEveryCase) {
    std::map<HeaderId, int> seen;
    for (const auto& [name, id] : kNames) {
        ++seen[id];
        for (const unsigned pattern : {0U, 0xffffU, 0x5555U, 0xaaaaU, 1U, 0x8001U}) {
            EXPECT_EQ(header_id(mixed_case(name, pattern)), id) << mixed_case(name, pattern);
        }
    }
    EXPECT_EQ(seen.size(), kHeaderIdCount) << "a HeaderId without a name in this test";
}

TEST(HeaderId, KnowsNoNeighbour) {
    for (const auto& [name, id] : kNames) {
        if (name.size() == 1) continue;
        EXPECT_EQ(header_id(name + "s"), HeaderId::other) << name;
        EXPECT_EQ(header_id(" " + name), HeaderId::other) << name;
        EXPECT_EQ(header_id(name + " "), HeaderId::other) << name;
        EXPECT_EQ(header_id("x-" + name), HeaderId::other) << name;
        for (std::size_t at = 0; at < name.size(); ++at) {
            for (int c = 0; c < 256; ++c) {
                std::string other = name;
                if (to_lower(static_cast<char>(c)) == to_lower(other[at])) continue;
                other[at] = static_cast<char>(c);
                EXPECT_EQ(header_id(other), kNames.contains(other) ? kNames.at(other) : HeaderId::other)
                    << other;
            }
        }
    }
}

TEST(HeaderId, OtherCompactFormsAreOpaque) {
    // Event, Referred-By, Content-Type, Content-Encoding, Subject, Allow-Events and those of RFC 3841, 4474,
    // 8224.
    for (int c = 0; c < 256; ++c) {
        const std::string name(1, static_cast<char>(c));
        const std::string lower(1, to_lower(static_cast<char>(c)));
        EXPECT_EQ(header_id(name), kNames.contains(lower) ? kNames.at(lower) : HeaderId::other) << c;
    }
    EXPECT_EQ(header_id(""), HeaderId::other);
}

/// Every byte at every place of every name.
TEST(HeaderId, ComparesANameLikeItsPortableTwin) {
    for (const detail::Entry& entry : detail::kTable) {
        detail::Bytes bytes = entry.word;
        ASSERT_TRUE(entry.is(bytes.data()) && entry.is_portable(bytes.data()));
        for (char& at : bytes) {
            const char kept = at;
            for (int c = 0; c < 256; ++c) {
                at = static_cast<char>(c);
                ASSERT_EQ(entry.is(bytes.data()), entry.is_portable(bytes.data())) << c;
            }
            at = kept;
        }
    }
}

/// Whatever the value behind a name is made of.
TEST(HeaderId, IsToldByTheNameAlone) {
    for (const detail::Name& name : detail::kNames) {
        for (int c = 0; c < 256; ++c) {
            detail::Bytes bytes;
            bytes.fill(static_cast<char>(c));
            std::ranges::copy(name.text, bytes.begin());
            const KnownName read = plain_name(bytes.data(), bytes.data() + bytes.size());
            ASSERT_EQ(read.id, name.id) << name.text << c;
            ASSERT_EQ(read.length, name.text.size()) << name.text << c;
        }
    }
}

TEST(HeaderId, FindsTheEndOfANameLikeItsPortableTwin) {
    for (int i = 0; i < 256; ++i) {
        const char c = static_cast<char>(i);
        const bool passes = c == '-' || (to_lower(c) >= 'a' && to_lower(c) <= 'z');
        for (std::size_t size = 0; size <= 40; ++size) {
            ExactBytes bytes(std::string(size, 'u'));
            const char* const begin = bytes.view().data();
            for (std::size_t at = 0; at < size; ++at) {
                bytes[at] = c;
                ASSERT_EQ(find_name_end(begin, begin + size), find_name_end_portable(begin, begin + size));
                ASSERT_EQ(find_name_end(begin, begin + size), begin + (passes ? size : at)) << i;
                bytes[at] = 'u';
            }
        }
    }
}

}  // namespace
}  // namespace sipsteer
