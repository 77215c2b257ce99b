// Two parsers, one message: where both accept it, they must read the same, or the proxy would route
// by something else than the server acts on.
#include <gtest/gtest.h>

#include <map>

#include "tests/corpus/corpus.hpp"
#include "tests/oracle/known_disagreements.hpp"
#include "tests/oracle/message_maker.hpp"
#include "tests/oracle/voices.hpp"

namespace sipsteer::oracle {
namespace {

/// The same messages each time; another set of them: `oracle --gtest_random_seed=N`.
std::uint64_t seed(std::uint64_t test) {
    return test + 16 * static_cast<std::uint64_t>(GTEST_FLAG_GET(random_seed));
}

/// Compares both voices on many messages, and says at the end how often each reason was met.
class Comparison {
  public:
    /// False when they differ without a known reason.
    [[nodiscard]] testing::AssertionResult agree(std::string_view datagram) {
        const auto ours = our_voice(datagram);
        const auto sofia = sofia_voice(datagram);
        if (!ours || !sofia) {
            ++(ours ? only_ours_ : sofia ? only_sofia_ : neither_);
            return testing::AssertionSuccess();
        }
        ++both_;
        for (const std::string& field : differences(*ours, *sofia)) {
            const std::string_view reason = why_they_differ(field, datagram, *ours, *sofia);
            if (reason.empty())
                return testing::AssertionFailure() << describe(*ours, *sofia) << "ours | sofia's, of\n"
                                                   << datagram;
            ++reasons_[std::string(reason)];
        }
        return testing::AssertionSuccess();
    }

    [[nodiscard]] int both() const { return both_; }

    void print() const {
        std::printf("both accept %d, only we %d, only sofia %d, neither %d\n", both_, only_ours_, only_sofia_,
                    neither_);
        for (const auto& [reason, count] : reasons_) std::printf("%6d times: %s\n", count, reason.c_str());
    }

  private:
    int both_ = 0;
    int only_ours_ = 0;
    int only_sofia_ = 0;
    int neither_ = 0;
    std::map<std::string, int> reasons_;
};

TEST(Oracle, WeReadWhatWasMeant) {
    MessageMaker maker(seed(1));
    for (int i = 0; i < 10000; ++i) {
        const auto made = maker.make();
        const auto ours = our_voice(made.bytes);
        ASSERT_TRUE(ours) << made.bytes;
        ASSERT_TRUE(differences(*ours, made.truth).empty())
            << describe(*ours, made.truth) << "ours | truth, of\n"
            << made.bytes;
    }
}

TEST(Oracle, SofiaReadsTheSameInValidMessages) {
    MessageMaker maker(seed(2));
    Comparison comparison;
    for (int i = 0; i < 10000; ++i) {
        const auto made = maker.make();
        ASSERT_TRUE(comparison.agree(made.bytes));
        if (!sofia_voice(made.bytes)) {
            ASSERT_NE(why_sofia_refuses(made.bytes), "") << made.bytes;
        }
    }
    EXPECT_GT(comparison.both(), 9500);
    comparison.print();
}

TEST(Oracle, BothReadTheSameInSpoiledMessages) {
    MessageMaker maker(seed(3));
    Comparison comparison;
    for (int i = 0; i < 6000; ++i) {
        const auto made = maker.make();
        for (int k = 0; k < 5; ++k) ASSERT_TRUE(comparison.agree(maker.spoil(made.bytes)));
    }
    EXPECT_GT(comparison.both(), 3000);
    comparison.print();
}

TEST(Oracle, BothReadTheSameInTheCorpus) {
    Comparison comparison;
    for (const corpus::Message& sample : corpus::load_all()) {
        EXPECT_TRUE(comparison.agree(sample.bytes)) << sample.name;
    }
    EXPECT_GT(comparison.both(), 30);
    comparison.print();
}

}  // namespace
}  // namespace sipsteer::oracle
