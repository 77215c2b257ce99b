// A forwarded UDP message allocates nothing: counted over 100,000 of them. A program of its own, since it
// counts for the whole process.
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <string>

#include "tests/unit/pipeline/test_proxy.hpp"

namespace {

std::atomic<std::uint64_t> allocations{0};

}  // namespace

// glibc's own, behind what we put in front of them; operator new ends here as well.
extern "C" {
void* __libc_malloc(std::size_t size) noexcept;
void* __libc_calloc(std::size_t count, std::size_t size) noexcept;
void* __libc_realloc(void* memory, std::size_t size) noexcept;

void* malloc(std::size_t size) noexcept {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) noexcept {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_calloc(count, size);
}
void* realloc(void* memory, std::size_t size) noexcept {
    allocations.fetch_add(1, std::memory_order_relaxed);
    return __libc_realloc(memory, size);
}
}

namespace sipsteer::test {
namespace {

const std::string kCluster = std::string{kOneServer} + R"(
[[server]]
name = "pbx-2"
uri = "sip:192.0.2.202:5060"
)";

constexpr std::string_view kPhone = "udp:192.0.2.7:5060";

std::string request(std::string_view method, int call, std::string_view dialog = "") {
    const std::string number = std::to_string(call);
    return std::string(method) +
           " sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK" + number +
           std::string(method) + ";rport\r\nMax-Forwards: 70\r\n" + std::string(dialog) +
           "From: \"Alice\" <sip:alice@example.com>;tag=a" + number + "\r\nTo: <sip:bob@example.com>" +
           (dialog.empty() ? "" : ";tag=b" + number) + "\r\nCall-ID: call-" + number +
           "@192.0.2.7\r\nCSeq: 1 " + std::string(method) +
           "\r\nContact: <sip:alice@192.0.2.7:5060>\r\nContent-Length: 0\r\n\r\n";
}

/// What a server answers to what it got.
std::string answer(std::string_view status, std::string_view got, int call) {
    std::string out = "SIP/2.0 " + std::string(status) + "\r\n";
    for (std::size_t at = got.find("\r\n") + 2; !got.substr(at).starts_with("\r\n");) {
        const std::size_t end = got.find("\r\n", at);
        std::string line(got.substr(at, end - at));
        if (line.starts_with("To:") && line.find(";tag=") == std::string::npos && status != "100 Trying")
            line += ";tag=b" + std::to_string(call);
        if (!line.starts_with("Max-Forwards:")) out += line + "\r\n";
        at = end + 2;
    }
    return out + "\r\n";
}

/// Our Record-Route of the forwarded request, as the Route of what follows.
std::string route(std::string_view got) {
    const std::size_t at = got.find("Record-Route:");
    return std::string(got.substr(at + 7, got.find("\r\n", at) + 2 - at - 7));
}

/// One worker's pipeline, and what it allocated while it worked.
class Counting {
  public:
    std::string forward(std::string_view message, const Endpoint& from) {
        const std::uint64_t before = allocations.load();
        const Outcome outcome = pipeline_.process(*snapshot_, {message, from, 0}, 1000, out_);
        pipeline_.settle(outcome, true);
        allocated_ += allocations.load() - before;
        EXPECT_TRUE(outcome.what == Outcome::What::forwarded) << message;
        ++messages_;
        to_ = outcome.to;
        return {out_.data(), outcome.size};
    }
    [[nodiscard]] const Endpoint& to() const { return to_; }
    [[nodiscard]] std::uint64_t allocated() const { return allocated_; }
    [[nodiscard]] std::uint64_t messages() const { return messages_; }

  private:
    std::shared_ptr<const Snapshot> snapshot_ = snapshot_of(kCluster);
    Tables tables_{4000};  // far fewer than there are calls: records are thrown out all the time
    Counters counters_;
    Pipeline pipeline_{tables_, counters_};
    std::string out_ = std::string(65536, '\0');
    Endpoint to_;
    std::uint64_t allocated_ = 0;
    std::uint64_t messages_ = 0;
};

TEST(NoAllocation, InAHundredThousandForwardedMessages) {
    const auto proxy = std::make_unique<Counting>();
    const Endpoint phone = endpoint_of(kPhone);
    for (int call = 0; proxy->messages() < 100000; ++call) {
        const std::string invite = proxy->forward(request("INVITE", call), phone);
        const Endpoint server = proxy->to();
        for (const std::string_view status : {"100 Trying", "180 Ringing", "200 OK"})
            proxy->forward(answer(status, invite, call), server);
        const std::string dialog = route(invite);
        proxy->forward(request("ACK", call, dialog), phone);
        const std::string bye = proxy->forward(request("BYE", call, dialog), phone);
        proxy->forward(answer("200 OK", bye, call), server);
        if (HasFailure()) return;
    }
    EXPECT_EQ(proxy->allocated(), 0U);
}

TEST(NoAllocation, TheCountSeesAllocations) {
    const std::uint64_t before = allocations.load();
    const auto one = std::make_unique<std::string>(1000, 'x');
    EXPECT_GE(allocations.load(), before + 2) << one->size();
}

}  // namespace
}  // namespace sipsteer::test
