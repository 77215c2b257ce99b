// Messages that are read together, before the first of them is decided, go where they would have gone one by
// one.
#include <gtest/gtest.h>

#include <span>
#include <vector>

#include "test_call.hpp"
#include "test_cluster.hpp"
#include "test_proxy.hpp"

namespace sipsteer::test {
namespace {

constexpr Seconds kNow = 1000;

struct Step {
    std::string bytes;
    Endpoint from;
    Sent sent;  ///< by a proxy that gets them one by one
};

/// Calls that hang together at short distance: copies, a CANCEL right behind its INVITE, answers, a transfer,
/// and what is broken, nobody's or no message at all.
class Conversation {
  public:
    Conversation(std::shared_ptr<const Snapshot> snapshot, Dice& dice)
        : proxy_(std::move(snapshot)), dice_(dice) {}

    void call() {
        TestCall call = TestCall::from_phone(dice_);
        const std::string invite = call.request("INVITE", 1);
        const Sent first = play(invite, call.from());
        if (dice_.one_in(3)) play(invite, call.from());
        if (dice_.one_in(4)) play(call.request("CANCEL", 1), call.from());
        if (dice_.one_in(4)) play("\r\n\r\n", call.from());
        if (dice_.one_in(4)) play(dice_.mutated(invite), call.from());
        call.to_tag = dice_.word();
        play(answer(first.bytes, 180, call.to_tag), first.to());
        play(answer(first.bytes, 200, call.to_tag), dice_.one_in(4) ? "udp:192.0.2.66:5060" : first.to());
        play(call.request("ACK", 1), call.from());
        if (dice_.one_in(2)) {
            const TestCall transfer = TestCall::from_server(dice_, dice_.of(kServers));
            play(transfer.request("INVITE", 1, replaces(call, true)), transfer.from());
        }
        if (dice_.one_in(2)) play(call.request("BYE", 2), call.from());
    }
    [[nodiscard]] const std::vector<Step>& steps() const { return steps_; }

  private:
    Sent play(std::string bytes, const std::string& from) {
        Sent sent = proxy_.deliver(bytes, from);
        steps_.push_back({std::move(bytes), endpoint_of(from), sent});
        return sent;
    }

    TestProxy proxy_;
    Dice& dice_;
    std::vector<Step> steps_;
};

class Ahead : public testing::TestWithParam<std::string_view> {};

INSTANTIATE_TEST_SUITE_P(EveryPlacement, Ahead, testing::ValuesIn(kPlacements));

TEST_P(Ahead, GoesTheSameWayWithTheSameBytes) {
    Dice dice{11};
    const auto snapshot = snapshot_of(cluster_toml("placement = \"" + std::string{GetParam()} + "\""));
    Conversation conversation{snapshot, dice};
    for (int i = 0; i < 500; ++i) conversation.call();

    Tables tables{1024};
    Counters counters;
    Pipeline pipeline{tables, counters};
    std::vector<char> out(65536);
    std::size_t forwarded = 0;
    for (std::span<const Step> left{conversation.steps()}; !left.empty();) {
        const auto steps = left.first(std::min(left.size(), 1 + dice.below(Pipeline::kAhead)));
        left = left.subspan(steps.size());
        std::vector<Incoming> round;
        for (const Step& step : steps) round.push_back({step.bytes, step.from});
        pipeline.read(*snapshot, round);
        for (std::size_t i = 0; i < steps.size(); ++i) {
            const Outcome outcome = pipeline.process(*snapshot, i, round[i], kNow, out);
            pipeline.settle(outcome, true);
            const Outcome& alone = steps[i].sent.outcome;
            ASSERT_EQ(outcome.what, alone.what) << steps[i].bytes;
            ASSERT_EQ(outcome.reason, alone.reason) << steps[i].bytes;
            ASSERT_EQ(outcome.to, alone.to) << steps[i].bytes;
            ASSERT_EQ(std::string(out.data(), outcome.size), steps[i].sent.bytes);
            forwarded += outcome.what == Outcome::What::forwarded ? 1 : 0;
        }
    }
    EXPECT_GT(forwarded, conversation.steps().size() / 2);
    EXPECT_LT(forwarded, conversation.steps().size());
}

}  // namespace
}  // namespace sipsteer::test
