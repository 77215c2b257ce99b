// Splices against a plain model: cutting and inserting in a string.
#include "routing/splices.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <vector>

namespace sipsteer {
namespace {

std::string written(const Splices& splices, std::string_view source, std::size_t room = 65536) {
    std::vector<char> out(room + 1);
    const auto result = splices.write(source, std::span(out).first(room));
    return result ? std::string(out.data(), result->size) : "(none)";
}

TEST(Splices, NoneIsACopy) {
    const auto splices = std::make_unique<Splices>();
    EXPECT_EQ(written(*splices, "abc"), "abc");
    EXPECT_EQ(written(*splices, ""), "");
}

RC_GTEST_PROP(Splices, DoWhatAModelDoes, (const std::string& source)) {
    // Cut points in order make ranges that do not overlap; applied in any order.
    const auto count = *rc::gen::inRange<std::size_t>(0, 12);
    auto cuts = *rc::gen::container<std::vector<std::size_t>>(
        2 * count, rc::gen::inRange<std::size_t>(0, source.size() + 1));
    std::ranges::sort(cuts);
    struct Change {
        std::size_t begin, end;
        std::string text;
    };
    std::vector<Change> changes;
    for (std::size_t i = 0; i < count; ++i) {
        // Changes at the same place keep their order only among themselves: leave out touching ones.
        if (!changes.empty() && cuts[2 * i] <= changes.back().end) continue;
        changes.push_back({cuts[2 * i], cuts[2 * i + 1], *rc::gen::arbitrary<std::string>()});
    }
    std::string expected;
    std::size_t at = 0;
    for (const Change& change : changes) {
        expected += source.substr(at, change.begin - at) + change.text;
        at = change.end;
    }
    expected += source.substr(at);

    const auto order =
        *rc::gen::container<std::vector<std::uint32_t>>(changes.size(), rc::gen::arbitrary<std::uint32_t>());
    std::vector<std::size_t> shuffled(changes.size());
    for (std::size_t i = 0; i < shuffled.size(); ++i) shuffled[i] = i;
    std::ranges::sort(shuffled, {}, [&order](std::size_t i) { return order[i]; });
    const auto splices = std::make_unique<Splices>();
    for (const std::size_t i : shuffled) {
        splices->replace(source.data() + changes[i].begin, source.data() + changes[i].end, changes[i].text);
    }
    RC_ASSERT(written(*splices, source) == expected);
    RC_ASSERT(written(*splices, source, expected.size()) == expected);
    if (!expected.empty()) RC_ASSERT(written(*splices, source, expected.size() - 1) == "(none)");
}

TEST(Splices, KeepTheOrderOfWhatStandsAtOnePlace) {
    const std::string source = "ab";
    const auto splices = std::make_unique<Splices>();
    splices->insert(source.data() + 1, "1");
    splices->insert(source.data() + 1, "2");
    splices->replace(source.data() + 1, source.data() + 2, "3");
    splices->insert(source.data(), "0");
    EXPECT_EQ(written(*splices, source), "0a123");
}

TEST(Splices, MakeTexts) {
    const auto splices = std::make_unique<Splices>();
    const std::string_view text = splices->text()
                                      .add("a")
                                      .add_number(4294967295U)
                                      .add(";")
                                      .add_ip(parse_ip("2001:db8::1").value())
                                      .view();
    EXPECT_EQ(text, "a4294967295;2001:db8::1");
    const std::string_view other = splices->text().add_number(0).view();
    EXPECT_EQ(other, "0");
    EXPECT_EQ(text, "a4294967295;2001:db8::1") << "a later text leaves an earlier one alone";
}

TEST(Splices, RememberWhatDidNotFit) {
    const std::string source(1000, 'x');
    const auto many = std::make_unique<Splices>();
    for (int i = 0; i < 1000; ++i) many->insert(source.data() + i, "y");
    EXPECT_EQ(written(*many, source), "(none)");
    const auto much = std::make_unique<Splices>();
    auto text = much->text();
    for (int i = 0; i < 100; ++i) text.add(source);
    much->insert(source.data(), text.view());
    EXPECT_EQ(written(*much, source), "(none)");
}

}  // namespace
}  // namespace sipsteer
