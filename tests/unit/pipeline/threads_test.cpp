// Several workers on the same tables at once (requirements 8 and 84). Also meant for -Db_sanitize=thread.
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <barrier>
#include <thread>
#include <vector>

#include "test_call.hpp"
#include "test_cluster.hpp"
#include "test_proxy.hpp"

namespace sipsteer::test {
namespace {

constexpr std::size_t kThreads = 3;

/// All workers get a copy of the same INVITE at the same time; placement in turn makes them disagree
/// unless the first pin decides.
TEST(Threads, CopiesOfAnInviteGoOneWay) {
    constexpr int kCalls = 3000;
    const auto snapshot = snapshot_of(cluster_toml("placement = \"round-robin\""));
    const TestProxy tables{snapshot, 100000};
    std::vector<TestProxy> workers;
    for (std::size_t i = 0; i < kThreads; ++i) workers.emplace_back(tables, snapshot);
    std::array<Sent, kThreads> sent;
    bool same = true;
    int call_number = 0;
    std::barrier round{static_cast<std::ptrdiff_t>(kThreads), [&]() noexcept {
                           if (call_number++ == 0) return;
                           for (const Sent& one : sent) {
                               same = same && one.bytes == sent[0].bytes && one.to() == sent[0].to();
                           }
                       }};
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
            Dice dice{99};  // the same calls in every thread
            for (int n = 0; n < kCalls; ++n) {
                const TestCall call = TestCall::from_phone(dice);
                round.arrive_and_wait();
                sent[i] = workers[i].deliver(call.request("INVITE", 1), call.from());
                round.arrive_and_wait();
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    EXPECT_TRUE(same);
    for (const TestProxy& worker : workers) EXPECT_TRUE(worker.counter_law_holds());
}

/// One worker forwards the 200; as soon as that is out, another gets the transfer: never a miss.
TEST(Threads, TransfersFindWhatAnotherWorkerLearned) {
    constexpr int kTransfers = 10000;
    const auto snapshot = snapshot_of(cluster_toml());
    const TestProxy tables{snapshot, 4 * kTransfers};
    TestProxy learner{tables, snapshot};
    TestProxy finder{tables, snapshot};
    std::atomic<int> published{0};
    std::atomic<int> seen{0};
    std::string transfer;
    std::string owner;
    std::thread learning{[&] {
        Dice dice{98};
        for (int n = 1; n <= kTransfers; ++n) {
            TestCall call = TestCall::from_phone(dice);
            const Sent invite = learner.deliver(call.request("INVITE", 1), call.from());
            call.to_tag = dice.word();
            const std::string ok = answer(invite.bytes, 200, call.to_tag);
            transfer = TestCall::from_phone(dice).request("INVITE", 1, replaces(call, true));
            owner = invite.to();
            learner.deliver(ok, invite.to());
            published.store(n, std::memory_order_release);
            while (seen.load(std::memory_order_acquire) < n) std::this_thread::yield();
        }
    }};
    int misses = 0;
    for (int n = 1; n <= kTransfers; ++n) {
        while (published.load(std::memory_order_acquire) < n) std::this_thread::yield();
        if (finder.deliver(transfer, "udp:192.0.2.200:5060").to() != owner) ++misses;
        seen.store(n, std::memory_order_release);
    }
    learning.join();
    EXPECT_EQ(misses, 0);
}

/// All at once on small, full tables: nothing grows, nothing is lost in the counters.
TEST(Threads, EverythingAtOnceKeepsTheBounds) {
    constexpr std::size_t kMax = 256;
    const auto snapshot = snapshot_of(cluster_toml());
    TestProxy tables{snapshot, kMax};
    std::vector<TestProxy> workers;
    for (std::size_t i = 0; i < kThreads; ++i) workers.emplace_back(tables, snapshot);
    std::vector<std::thread> threads;
    for (std::size_t i = 0; i < kThreads; ++i) {
        threads.emplace_back([&, i] {
            Dice dice{i};
            for (int n = 0; n < 3000; ++n) {
                TestCall call = TestCall::from_phone(dice);
                call.call_id = "shared" + std::to_string(dice.below(40));
                const Sent invite = workers[i].deliver(call.request("INVITE", 1), call.from());
                if (!invite.forwarded()) continue;
                call.to_tag = dice.word();
                workers[i].deliver(answer(invite.bytes, dice.one_in(3) ? 486 : 200, call.to_tag),
                                   invite.to());
                if (dice.one_in(2)) {
                    const Sent bye = workers[i].deliver(call.request("BYE", 2), call.from());
                    if (bye.forwarded()) workers[i].deliver(answer(bye.bytes, 200, "x"), bye.to());
                }
                if (dice.one_in(50)) tables.tables().calls.sweep(workers[i].now(), 64);
                if (dice.one_in(10)) workers[i].wait(std::chrono::seconds{1});
            }
        });
    }
    for (std::thread& thread : threads) thread.join();
    // While threads insert at once, each may be one above for a moment; never after.
    EXPECT_LE(tables.tables().calls.size(), kMax);
    EXPECT_LE(tables.tables().pins.size(), kMax);
    for (const TestProxy& worker : workers) EXPECT_TRUE(worker.counter_law_holds());
}

}  // namespace
}  // namespace sipsteer::test
