#include "routing/route_set.hpp"

#include <gtest/gtest.h>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

using sample::Draft;

struct Routes {
    sample::Message message;
    Snapshot snapshot;
    RouteSet set;
    std::string error;

    explicit Routes(std::vector<std::string> lines, const std::string& uri = "sip:bob@10.0.0.1",
                    Snapshot with = sample::snapshot())
        : message([&] {
              Draft draft;
              draft.start = "INVITE " + uri + " SIP/2.0";
              draft.call_id = "Call-ID: c1";
              draft.more = std::move(lines);
              return draft.message();
          }()),
          snapshot(std::move(with)) {
        const auto parsed = set.read(message.view(), call_digest(snapshot.key, message.view().call_id()),
                                     SipUri::parse(message.view().request_uri()).value(), snapshot);
        if (!parsed) error = to_string(parsed.error());
    }
    [[nodiscard]] std::string kept() const {
        return set.keep_begin == nullptr ? "" : std::string(set.keep_begin, set.keep_end);
    }
};

std::string ours(ServerId owner = 5, std::string_view call_id = "c1",
                 const std::string& us = "192.0.2.1:5060") {
    const RouteSignature signature = make_route_signature(call_digest(sample::key(), call_id), owner);
    return "<sip:" + us + ";lr;ss=" + std::string(signature.data(), signature.size()) + ">";
}

TEST(RouteSet, IsEmptyWithoutRoutes) {
    const Routes routes({});
    EXPECT_FALSE(routes.set.has_next());
    EXPECT_FALSE(routes.set.removed_own);
    EXPECT_EQ(routes.set.request_uri, "sip:bob@10.0.0.1");
}

TEST(RouteSet, AServerOfExactlyOurAddressIsThatServer) {
    Snapshot snapshot = sample::snapshot();
    snapshot.local = LocalAddresses({sample::listener("10.0.0.1"), sample::listener("192.0.2.1")}, {}, {});
    const std::string server = ours(5, "c1", "10.0.0.1:5060");
    const Routes routes({"Route: " + ours(), "Route: " + server}, "sip:bob@10.0.0.1", snapshot);
    EXPECT_EQ(routes.kept(), server);
    EXPECT_TRUE(routes.set.claim.valid);
}

TEST(RouteSet, TakesOffOurOwnValuesInFront) {
    const struct {
        std::vector<std::string> lines;
        const char* kept;
        bool removed;
    } kCases[] = {
        {{"Route: <sip:192.0.2.1;lr>"}, "", true},
        {{"Route: <sip:192.0.2.1:5060;LR>"}, "", true},
        {{"Route: <sip:user@192.0.2.1;lr=on>"}, "", true},
        {{"Route: \"a, <b>\" <sip:192.0.2.1;lr>;x=\",\""}, "", true},
        {{"Route: <sip:192.0.2.1;lr>, <sip:192.0.2.1:5060;lr>"}, "", true},
        {{"Route: <sip:192.0.2.1;lr>", "Route: <sip:192.0.2.1;lr>"}, "", true},
        {{"Route: <sip:198.51.100.1;lr>"}, "<sip:198.51.100.1;lr>", false},
        {{"Route: <sip:192.0.2.1;lr> ,\r\n <sip:198.51.100.1;lr> , <sip:198.51.100.2>"},
         "<sip:198.51.100.1;lr> , <sip:198.51.100.2>",
         true},
        {{"Route: <sip:198.51.100.1;lr>, <sip:192.0.2.1;lr>"},
         "<sip:198.51.100.1;lr>, <sip:192.0.2.1;lr>",
         false},
        {{"Route: <sip:192.0.2.1:5070;lr>"}, "<sip:192.0.2.1:5070;lr>", false},
        {{"Route: <sip:x.example.com;maddr=192.0.2.1;lr>"}, "", true},
        {{"Route: <sip:192.0.2.1;maddr=198.51.100.1;lr>"}, "<sip:192.0.2.1;maddr=198.51.100.1;lr>", false},
        {{"Route: <sip:10.0.0.1;lr>"}, "<sip:10.0.0.1;lr>", false},
    };
    for (const auto& c : kCases) {
        const Routes routes(c.lines);
        EXPECT_EQ(routes.error, "") << c.lines.front();
        EXPECT_EQ(routes.kept(), c.kept) << c.lines.front();
        EXPECT_EQ(routes.set.removed_own, c.removed) << c.lines.front();
        EXPECT_FALSE(routes.set.claim.present && routes.set.claim.valid);
    }
}

TEST(RouteSet, ReadsTheClaimOfItsOwnValue) {
    EXPECT_EQ(Routes({"Route: " + ours(5)}).set.claim.owner, 5U);
    EXPECT_TRUE(Routes({"Route: " + ours(5)}).set.claim.valid);
    EXPECT_EQ(Routes({"Route: <sip:192.0.2.1;lr>, " + ours(6)}).set.claim.owner, 6U);
    const Routes foreign({"Route: " + ours(5, "c2")});
    EXPECT_FALSE(foreign.set.claim.valid);
    EXPECT_TRUE(foreign.set.bad_signature);
    EXPECT_TRUE(foreign.set.removed_own);
    const Routes mixed({"Route: " + ours(5, "c2") + "," + ours(6)});
    EXPECT_TRUE(mixed.set.claim.valid);
    EXPECT_EQ(mixed.set.claim.owner, 6U);
    // At another host the parameter is not ours to read.
    std::string elsewhere = ours(5);
    elsewhere.replace(elsewhere.find("192.0.2.1"), 9, "198.51.100.1");
    EXPECT_FALSE(Routes({"Route: " + elsewhere}).set.claim.valid);
}

TEST(RouteSet, KnowsTheNextHop) {
    const Routes routes({"Route: <sip:192.0.2.1;lr>, <sip:p1@198.51.100.1:5070>, <sip:198.51.100.2>",
                         "Route: <sip:198.51.100.3>"});
    EXPECT_EQ(routes.set.next.host_port, "198.51.100.1:5070");
    EXPECT_FALSE(routes.set.next.lr);
    ASSERT_NE(routes.set.keep_behind_next, nullptr);
    EXPECT_TRUE(std::string_view(routes.set.keep_behind_next).starts_with("<sip:198.51.100.2>"));
}

TEST(RouteSet, UndoesAStrictRouter) {
    std::string uri = ours(5);
    uri = uri.substr(1, uri.size() - 2);
    const Routes one({"Route: <sip:bob@10.0.0.1>"}, uri);
    EXPECT_EQ(one.set.request_uri, "sip:bob@10.0.0.1");
    EXPECT_FALSE(one.set.has_next());
    EXPECT_TRUE(one.set.claim.valid);
    const Routes two({"Route: <sip:198.51.100.1;lr>, <sip:bob@10.0.0.1>"}, uri);
    EXPECT_EQ(two.set.request_uri, "sip:bob@10.0.0.1");
    EXPECT_EQ(two.kept(), "<sip:198.51.100.1;lr>");
    const Routes separate({"Route: <sip:198.51.100.1;lr>", "Route: <sip:bob@10.0.0.1>"}, uri);
    EXPECT_EQ(separate.kept(), "<sip:198.51.100.1;lr>");
    EXPECT_EQ(separate.set.request_uri, "sip:bob@10.0.0.1");
    const Routes bare({"Route: <sip:bob@10.0.0.1>"}, "sip:192.0.2.1");
    EXPECT_EQ(bare.set.request_uri, "sip:192.0.2.1") << "our address without our signature says nothing";
}

TEST(RouteSet, RefusesWhatItNeedsAndCannotRead) {
    for (const char* line : {"Route: <sip:192.0.2.1;lr", "Route: \"x <sip:192.0.2.1;lr>",
                             "Route:", "Route: <sip:192.0.2.1;lr>,", "Route: <sip:>"}) {
        EXPECT_NE(Routes({line}).error, "") << line;
    }
    EXPECT_EQ(Routes({"Route: <sip:198.51.100.1;lr>", "Route: <sip:>"}).error, "bad_uri");
}

TEST(RouteSet, AFloodOfOwnValuesIsTakenOff) {
    std::string line = "Route: <sip:192.0.2.1;lr>";
    for (int i = 1; i < 600; ++i) line += ",<sip:192.0.2.1;lr>";
    const Routes routes({line});
    EXPECT_FALSE(routes.set.has_next());
    EXPECT_TRUE(routes.set.removed_own);
}

}  // namespace
}  // namespace sipsteer
