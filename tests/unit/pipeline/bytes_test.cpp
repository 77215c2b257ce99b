// What is forwarded can be read again, and forwarding it again changes nothing but what it must
// (requirement 30).
#include <gtest/gtest.h>

#include <algorithm>

#include "parser/header_lines.hpp"
#include "test_cluster.hpp"
#include "test_proxy.hpp"
#include "tests/oracle/message_maker.hpp"

namespace sipsteer::test {
namespace {

/// All header lines but Via, Max-Forwards, Route and Record-Route, and the body.
std::string untouched(const MessageView& message) {
    std::string text;
    HeaderLine line;
    for (HeaderLines lines{message}; lines.next(line);) {
        const HeaderId id = header_id(line.name);
        if (id == HeaderId::via || id == HeaderId::max_forwards || id == HeaderId::route ||
            id == HeaderId::record_route) {
            continue;
        }
        text.append(line.line);
    }
    return text + "\r\n" + std::string{message.body()};
}

TEST(Bytes, ForwardedTwiceAreStillTheSame) {
    oracle::MessageMaker maker{21};
    // Without Path, which changes a REGISTER (tests/wire/path.md).
    TestProxy first{snapshot_of(cluster_toml() + "\n[nat]\npath = \"off\"\n")};
    // The second proxy has other servers, so the first one is outside to it.
    TestProxy second{snapshot_of(
        "[listen]\nudp = [\"203.0.113.20:5060\"]\n[[server]]\nname = \"x\"\nuri = "
        "\"sip:10.0.9.1\"\n[transfer]\nunmatched = \"forward\"\nprobe = false\n[nat]\npath = \"off\"\n")};
    int forwarded = 0;
    for (int i = 0; i < 20000; ++i) {
        const std::string bytes = maker.make().bytes;
        MessageView before;
        if (!before.parse(bytes)) continue;
        const Sent once = first.deliver(bytes, "udp:192.0.2.7:5060");
        if (!once.forwarded() || !before.is_request()) continue;
        ++forwarded;
        MessageView after;
        const auto parsed = after.parse(once.bytes);
        ASSERT_TRUE(parsed) << to_string(parsed.error()) << '\n' << bytes << "\n---\n" << once.bytes;
        ASSERT_EQ(untouched(after), untouched(before)) << bytes;
        ASSERT_EQ(after.max_forwards(), before.max_forwards() < 0 ? 70 : before.max_forwards() - 1);
        const Sent twice = second.deliver(once.bytes, "udp:203.0.113.10:5060");
        if (!twice.forwarded()) continue;
        MessageView last;
        ASSERT_TRUE(last.parse(twice.bytes)) << twice.bytes;
        ASSERT_EQ(untouched(last), untouched(before));
    }
    EXPECT_GT(forwarded, 1000);
    EXPECT_TRUE(first.counter_law_holds());
    EXPECT_TRUE(second.counter_law_holds());
}

/// A damaged message is forwarded as a good one or not at all.
TEST(Bytes, DamagedMessagesComeOutReadable) {
    oracle::MessageMaker maker{22};
    TestProxy proxy{snapshot_of(cluster_toml())};
    for (int i = 0; i < 50000; ++i) {
        const std::string bytes = maker.spoil(maker.make().bytes);
        const Sent sent = proxy.deliver(bytes, i % 2 == 0 ? "udp:192.0.2.7:5060" : "udp:10.0.1.1:5060");
        if (!sent.forwarded()) continue;
        MessageView after;
        const auto parsed = after.parse(sent.bytes);
        ASSERT_TRUE(parsed) << to_string(parsed.error()) << '\n' << bytes << "\n---\n" << sent.bytes;
    }
    proxy.wait(OwnerProbe::kPatience);
    static_cast<void>(proxy.release());  // what waited for DNS
    EXPECT_TRUE(proxy.counter_law_holds());
}

/// Our own answers are read by our own parser, and hold no byte that could be a header of their own.
TEST(Bytes, AnswersAreReadable) {
    oracle::MessageMaker maker{23};
    TestProxy proxy{snapshot_of(cluster_toml())};
    int answered = 0;
    for (int i = 0; i < 50000; ++i) {
        const std::string bytes = maker.spoil(maker.make().bytes);
        const Sent sent = proxy.deliver(bytes, "udp:192.0.2.7:5060");
        if (sent.outcome.what != Outcome::What::answered) continue;
        ++answered;
        ASSERT_TRUE(sent.bytes.starts_with("SIP/2.0 ")) << sent.bytes;
        ASSERT_LE(sent.bytes.size(), bytes.size()) << sent.bytes;
        ASSERT_EQ(sent.bytes.find("\r\n\r\n"), sent.bytes.size() - 4) << sent.bytes;
        ASSERT_EQ(std::ranges::count(sent.bytes, '\0'), 0);
        for (std::size_t at = 0; at < sent.bytes.size(); ++at) {
            const bool broken = (sent.bytes[at] == '\n' && sent.bytes[at - 1] != '\r') ||
                                (sent.bytes[at] == '\r' && sent.bytes[at + 1] != '\n');
            ASSERT_FALSE(broken) << sent.bytes;
        }
    }
    EXPECT_GT(answered, 1000);
}

}  // namespace
}  // namespace sipsteer::test
