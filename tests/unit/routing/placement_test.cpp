#include "routing/placement.hpp"

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

using sample::Draft;

struct Placement : testing::Test {
    Snapshot snapshot = sample::snapshot();
    CallTable calls{1024};
    PinTable pins{1024};
    ServerLoads loads{calls, pins, 0};
    PlacementTurn turn{0};
    std::uint64_t last_key = 0;
    Source outside{sample::endpoint("192.0.2.7"), 0, std::nullopt};
    Source from_server{sample::endpoint("10.0.0.1"), 0, ServerIndex{0}};

    [[nodiscard]] std::uint64_t key(const Draft& draft, const Source& source) const {
        const sample::Message message = draft.message();
        return affinity_key(snapshot, message.view(), call_digest(snapshot.key, message.view().call_id()),
                            SipUri::parse(message.view().request_uri()).value(), source);
    }
    void change(std::vector<MediaServer> servers) {
        snapshot.servers = ServerSet(std::move(servers), {"default", "other"}, snapshot.key);
    }
    /// An INVITE that the server has not answered yet.
    void add_call(ServerId server) { pins.pin(++last_key, {server, RouteReason::new_call}, 1, 0); }
    [[nodiscard]] std::optional<ServerIndex> placed(std::uint64_t at,
                                                    PlacementMethod method = PlacementMethod::hash) {
        snapshot.routing.placement = method;
        return place(snapshot, {.key = at, .group = 0, .exclude = {}, .pinned = true}, loads, turn);
    }
};

Draft call(const std::string& from_user, const std::string& call_id, const std::string& method = "INVITE") {
    Draft draft;
    draft.start = method + " sip:bob@pbx.example.com SIP/2.0";
    draft.cseq = "CSeq: 1 " + method;
    draft.from = "From: <sip:" + from_user + "@example.net>;tag=f1";
    draft.call_id = "Call-ID: " + call_id;
    return draft;
}

TEST_F(Placement, ByCallIdEveryCallAlone) {
    EXPECT_EQ(key(call("ann", "c1"), outside), key(call("eve", "c1"), outside));
    EXPECT_NE(key(call("ann", "c1"), outside), key(call("ann", "c2"), outside));
    EXPECT_EQ(key(call("ann", "c1"), outside), call_digest(snapshot.key, "c1").high);
}

TEST_F(Placement, ByUserBothCallsOfATransferorMeet) {
    snapshot.routing.affinity = Affinity::user;
    EXPECT_EQ(key(call("ann", "c1"), outside), key(call("ann", "c2"), outside));
    EXPECT_NE(key(call("ann", "c1"), outside), key(call("eve", "c1"), outside));
    Draft to_ann = call("pbx", "c3");
    to_ann.start = "INVITE sip:ann@203.0.113.1 SIP/2.0";
    EXPECT_EQ(key(to_ann, from_server), key(call("ann", "c1"), outside))
        << "a server's call to her is hers too";
    EXPECT_EQ(key(call("anonymous", "c1"), outside), call_digest(snapshot.key, "c1").high);
    EXPECT_EQ(key(call("Anonymous", "c1"), outside), call_digest(snapshot.key, "c1").high);
    Draft no_user = call("x", "c1");
    no_user.from = "From: <sip:example.net>;tag=f1";
    EXPECT_EQ(key(no_user, outside), call_digest(snapshot.key, "c1").high);
    Draft phone = call("x", "c1");
    phone.from = "From: <tel:+15550100;phone-context=y>;tag=f1";
    Draft same_phone = phone;
    same_phone.call_id = "Call-ID: c2";
    EXPECT_EQ(key(phone, outside), key(same_phone, outside));
    EXPECT_NE(key(phone, outside), call_digest(snapshot.key, "c1").high);
}

TEST_F(Placement, ByHeader) {
    snapshot.routing.affinity = Affinity::header;
    snapshot.routing.affinity_header = "X-Tenant";
    Draft one = call("ann", "c1");
    one.more = {"x-tenant:  blue "};
    Draft other = call("eve", "c2");
    other.more = {"X-Tenant: blue"};
    EXPECT_EQ(key(one, outside), key(other, outside));
    EXPECT_EQ(key(call("ann", "c1"), outside), call_digest(snapshot.key, "c1").high) << "absent: Call-ID";
}

TEST_F(Placement, RegistrationsGoByTheirUserWhateverTheAffinity) {
    Draft one = call("x", "c1", "REGISTER");
    one.to = "To: <sip:ann@example.net>";
    Draft other = call("y", "c2", "REGISTER");
    other.to = "To: \"A\" <sip:ann@example.org>";
    EXPECT_EQ(key(one, outside), key(other, outside));
    EXPECT_EQ(key(call("ann", "c3", "SUBSCRIBE"), outside), key(one, outside));
    EXPECT_EQ(key(call("ann", "c4", "PUBLISH"), outside), key(one, outside));
}

TEST_F(Placement, HomeStaysWhateverTheState) {
    for (std::uint64_t at = 0; at < 300; ++at) {
        const auto home = home_of(snapshot, at * 0x9e3779b97f4a7c15ULL, 0, std::nullopt);
        ASSERT_TRUE(home);
        EXPECT_EQ(placed(at * 0x9e3779b97f4a7c15ULL), home);
    }
    std::vector<MediaServer> servers = snapshot.servers.all();
    servers[1].up = false;
    servers[2].state = ServerState::drain;
    const Snapshot before = sample::snapshot();
    change(servers);
    std::map<ServerIndex, int> homes;
    for (std::uint64_t at = 0; at < 300; ++at) {
        const std::uint64_t hash = at * 0x9e3779b97f4a7c15ULL;
        const auto home = home_of(snapshot, hash, 0, std::nullopt);
        EXPECT_EQ(home, home_of(before, hash, 0, std::nullopt));
        ++homes[*home];
        EXPECT_EQ(placed(hash), ServerIndex{0}) << "the best that takes new calls";
    }
    EXPECT_EQ(homes.size(), 3U);
}

TEST_F(Placement, KeepsToGroupExclusionAndLimit) {
    std::vector<MediaServer> servers = snapshot.servers.all();
    servers[0].group = 1;
    servers[1].max_calls = 1;
    change(servers);
    for (std::uint64_t at = 1; at < 100; ++at) {
        const std::uint64_t hash = at * 0x9e3779b97f4a7c15ULL;
        EXPECT_NE(placed(hash), ServerIndex{0});
        EXPECT_EQ(place(snapshot, {.key = hash, .group = 1, .exclude = {}}, loads, turn), ServerIndex{0});
        EXPECT_EQ(place(snapshot, {.key = hash, .group = 0, .exclude = ServerIndex{1}}, loads, turn),
                  ServerIndex{2});
        EXPECT_EQ(place(snapshot, {.key = hash, .group = 2, .exclude = {}}, loads, turn), std::nullopt);
    }
    add_call(snapshot.servers[1].id);
    for (std::uint64_t at = 1; at < 100; ++at)
        EXPECT_EQ(placed(at * 0x9e3779b97f4a7c15ULL), ServerIndex{2}) << "pbx-2 is full";
}

TEST_F(Placement, ABackupTakesCallsOnlyWhenNoOtherDoes) {
    std::vector<MediaServer> servers = snapshot.servers.all();
    servers[2].backup = true;
    change(servers);
    for (std::uint64_t at = 1; at < 100; ++at) EXPECT_NE(placed(at * 0x9e3779b97f4a7c15ULL), ServerIndex{2});
    servers = snapshot.servers.all();
    servers[0].up = servers[1].up = false;
    change(servers);
    EXPECT_EQ(placed(1), ServerIndex{2});
    servers = snapshot.servers.all();
    servers[2].up = false;
    change(servers);
    EXPECT_EQ(placed(1), std::nullopt);
}

TEST_F(Placement, RoundRobinFollowsTheWeights) {
    std::vector<MediaServer> servers = snapshot.servers.all();
    servers[1].weight = 2;
    change(servers);
    std::map<ServerIndex, int> taken;
    for (int i = 0; i < 400; ++i) ++taken[*placed(1, PlacementMethod::round_robin)];
    EXPECT_EQ(taken[0], 100);
    EXPECT_EQ(taken[1], 200);
    EXPECT_EQ(taken[2], 100);
}

TEST_F(Placement, LeastCallsFillsByWeight) {
    std::vector<MediaServer> servers = snapshot.servers.all();
    servers[1].weight = 2;
    change(servers);
    for (int i = 0; i < 400; ++i) add_call(snapshot.servers[*placed(1, PlacementMethod::least_calls)].id);
    EXPECT_NEAR(static_cast<double>(loads.of(snapshot.servers[0].id)), 100, 2);
    EXPECT_NEAR(static_cast<double>(loads.of(snapshot.servers[1].id)), 200, 2);
    EXPECT_NEAR(static_cast<double>(loads.of(snapshot.servers[2].id)), 100, 2);
}

TEST_F(Placement, WhatIsNotPinnedGoesByTheHashAlone) {
    std::vector<MediaServer> servers = snapshot.servers.all();
    servers[0].max_calls = 1;
    servers[0].share = 1;
    change(servers);
    add_call(snapshot.servers[0].id);
    snapshot.routing.placement = PlacementMethod::round_robin;
    for (std::uint64_t at = 1; at < 100; ++at) {
        const std::uint64_t hash = at * 0x9e3779b97f4a7c15ULL;
        EXPECT_EQ(place(snapshot, {.key = hash, .group = 0, .exclude = {}}, loads, turn),
                  home_of(snapshot, hash, 0, std::nullopt))
            << "a REGISTER must not wander";
    }
}

TEST_F(Placement, AServerThatComesBackTakesItsShareAndMoreWithEachStep) {
    std::map<std::uint64_t, bool> before;
    for (const int percent : {10, 50, 100}) {
        std::vector<MediaServer> servers = snapshot.servers.all();
        servers[1].share = static_cast<std::uint16_t>(kFullShare * percent / 100);
        change(servers);
        int homes = 0;
        int taken = 0;
        for (std::uint64_t at = 1; at < 6000; ++at) {
            const std::uint64_t hash = at * 0x9e3779b97f4a7c15ULL;
            const auto home = home_of(snapshot, hash, 0, std::nullopt);
            const bool is_home = home == ServerIndex{1};
            const bool takes = placed(hash) == ServerIndex{1};
            homes += is_home ? 1 : 0;
            taken += takes ? 1 : 0;
            EXPECT_TRUE(is_home || !takes);
            if (!is_home) {
                EXPECT_EQ(placed(hash), home);
            }
            EXPECT_TRUE(!before[hash] || takes) << "what it has taken it goes on taking";
            before[hash] = takes;
        }
        EXPECT_NEAR(taken, homes * percent / 100, 120) << percent;
    }
}

TEST_F(Placement, WhereAllComeBackNobodyIsRefused) {
    std::vector<MediaServer> servers = snapshot.servers.all();
    for (MediaServer& server : servers) server.share = kFullShare / 10;
    change(servers);
    std::map<ServerIndex, int> taken;
    for (std::uint64_t at = 1; at < 300; ++at) ++taken[placed(at * 0x9e3779b97f4a7c15ULL).value()];
    EXPECT_EQ(taken.size(), 3U);
    for (const PlacementMethod method : {PlacementMethod::round_robin, PlacementMethod::least_calls})
        EXPECT_TRUE(placed(1, method).has_value());
}

TEST_F(Placement, AServerThatAsksForAPauseHasItUnlessMostDo) {
    const auto pause = [this](ServerIndex index) {
        pins.pin(++last_key, {snapshot.servers[index].id, RouteReason::new_call}, 1, 0);
        pins.answered(last_key, snapshot.servers[index].id, 503, 1, 0, 20);
    };
    pause(1);
    for (std::uint64_t at = 1; at < 100; ++at) EXPECT_NE(placed(at * 0x9e3779b97f4a7c15ULL), ServerIndex{1});
    loads.now = 20;
    std::map<ServerIndex, int> taken;
    for (std::uint64_t at = 1; at < 100; ++at) ++taken[*placed(at * 0x9e3779b97f4a7c15ULL)];
    EXPECT_EQ(taken.size(), 3U) << "over";
    loads.now = 10;
    pause(2);
    taken.clear();
    for (std::uint64_t at = 1; at < 100; ++at) ++taken[*placed(at * 0x9e3779b97f4a7c15ULL)];
    EXPECT_EQ(taken.size(), 3U) << "most of them say so: it is their carrier";
}

TEST_F(Placement, HomeOfAGroupOfBackups) {
    std::vector<MediaServer> servers = snapshot.servers.all();
    for (MediaServer& server : servers) server.backup = true;
    change(servers);
    EXPECT_TRUE(home_of(snapshot, 1, 0, std::nullopt).has_value());
}

TEST_F(Placement, TheFirstRouteThatHoldsNamesTheGroup) {
    snapshot.routing.group_rules = {
        {.group = 1, .listener = ListenerIndex{3}, .domain = "", .source = std::nullopt, .user_prefix = ""},
        {.group = 2,
         .listener = std::nullopt,
         .domain = "blue.example",
         .source = std::nullopt,
         .user_prefix = "00"},
        {.group = 3,
         .listener = std::nullopt,
         .domain = "",
         .source = AddressRange{parse_ip("192.0.2.0").value(), 24, 0},
         .user_prefix = ""},
    };
    const auto group = [&](const char* uri, const char* address, ListenerIndex listener) {
        return group_for(snapshot, SipUri::parse(uri).value(),
                         {sample::endpoint(address), listener, std::nullopt});
    };
    EXPECT_EQ(group("sip:0049@BLUE.example", "198.51.100.1", 3), 1);
    EXPECT_EQ(group("sip:0049@BLUE.example", "192.0.2.7", 0), 2);
    EXPECT_EQ(group("sip:49@blue.example", "192.0.2.7", 0), 3);
    EXPECT_EQ(group("sip:0049@red.example", "198.51.100.1", 0), 0);
}

}  // namespace
}  // namespace sipsteer
