#include "proxy/health_checks.hpp"

#include <gtest/gtest.h>

#include <array>
#include <map>
#include <set>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// Three servers, of which `dead` do not answer. Reports take effect at once, as a published snapshot.
struct Checks : testing::Test {
    Snapshot snapshot = sample::snapshot();
    HealthChecks checks;
    Microseconds now = seconds{50};
    std::set<std::string> dead;
    std::uint64_t heard = 0;
    std::map<std::string, int> sent;

    Checks() {
        snapshot.health = {seconds{2}, 2, 1, {}};
        checks.follow(snapshot, now);
    }
    void change(const std::string& name, const auto& how) {
        auto servers = snapshot.servers.all();
        for (MediaServer& server : servers) {
            if (server.name == name) how(server);
        }
        snapshot.servers = ServerSet(std::move(servers), {"default"}, snapshot.key);
        checks.follow(snapshot, now);
    }
    const MediaServer& server(const std::string& name) const {
        for (const MediaServer& one : snapshot.servers.all()) {
            if (one.name == name) return one;
        }
        throw std::runtime_error(name);
    }
    void pass(Microseconds time) {
        const Microseconds end = now + time;
        while (now < end) {
            for (const ProbeTicket& ticket : checks.due(snapshot, now, [this](ServerId) { return heard; })) {
                const std::string name = snapshot.servers[*snapshot.servers.by_id(ticket.server)].name;
                ++sent[name];
                if (!dead.contains(name)) checks.answered(snapshot, ticket, 200, now + milliseconds{1});
            }
            for (const HealthReport& report : checks.changes(snapshot, now)) {
                const std::string name = snapshot.servers[*snapshot.servers.by_id(report.server)].name;
                change(name, [&report](MediaServer& one) {
                    one.up = report.up;
                    one.share = report.share;
                });
            }
            const auto next = checks.next(now);
            now = next ? std::min(std::max(*next, now + milliseconds{1}), end) : end;
        }
    }
};

TEST_F(Checks, OneDiesAndComesBackSlowly) {
    pass(seconds{20});
    dead = {"pbx-2"};
    pass(seconds{4});
    EXPECT_FALSE(server("pbx-2").up);
    EXPECT_TRUE(server("pbx-1").up);
    EXPECT_EQ(server("pbx-1").share, kFullShare) << "who starts with us starts at once";
    dead.clear();
    pass(seconds{3});
    EXPECT_TRUE(server("pbx-2").up);
    EXPECT_LE(server("pbx-2").share, kFullShare / 5);
    std::uint16_t before = 0;
    for (int i = 0; i < 14; ++i) {
        EXPECT_GE(server("pbx-2").share, before);
        before = server("pbx-2").share;
        pass(seconds{2});
    }
    pass(seconds{1});
    EXPECT_EQ(server("pbx-2").share, kFullShare);
    EXPECT_EQ(checks.round_trip(server("pbx-2").id), milliseconds{1});
}

TEST_F(Checks, AFlappingServerStartsSlowlyEachTime) {
    for (int i = 0; i < 10; ++i) {
        dead = {"pbx-1"};
        pass(seconds{5});
        EXPECT_FALSE(server("pbx-1").up);
        dead.clear();
        pass(seconds{5});
        EXPECT_TRUE(server("pbx-1").up);
        EXPECT_LT(server("pbx-1").share, kFullShare / 2);
    }
}

TEST_F(Checks, MaintenanceIsNotCheckedAndIsFollowedByASlowStart) {
    pass(seconds{5});
    change("pbx-3", [](MediaServer& one) { one.state = ServerState::maint; });
    sent.clear();
    dead = {"pbx-3"};
    pass(seconds{60});
    EXPECT_EQ(sent["pbx-3"], 0);
    EXPECT_TRUE(server("pbx-3").up) << "nobody knows";
    dead.clear();
    change("pbx-3", [](MediaServer& one) { one.state = ServerState::ready; });
    pass(seconds{1});
    EXPECT_GE(sent["pbx-3"], 1);
    EXPECT_LE(server("pbx-3").share, kFullShare / 5);
    pass(seconds{31});
    EXPECT_EQ(server("pbx-3").share, kFullShare);
}

TEST_F(Checks, ServersThatStayKeepTheirHealth) {
    dead = {"pbx-1"};
    pass(seconds{5});
    ASSERT_FALSE(server("pbx-1").up);
    auto servers = snapshot.servers.all();
    servers.push_back(sample::server("pbx-4", "10.0.0.4"));
    servers.erase(servers.begin() + 1);
    snapshot.servers = ServerSet(std::move(servers), {"default"}, snapshot.key);
    checks.follow(snapshot, now);
    EXPECT_TRUE(checks.changes(snapshot, now).empty());
    EXPECT_FALSE(server("pbx-1").up);
    EXPECT_TRUE(server("pbx-4").up);
    pass(seconds{1});
    EXPECT_GE(sent["pbx-4"], 1);
}

TEST_F(Checks, WhoIsHeardIsAlive) {
    pass(seconds{5});
    dead = {"pbx-1", "pbx-2", "pbx-3"};  // or a flood that costs us their answers
    for (int i = 0; i < 200; ++i) {
        ++heard;
        pass(milliseconds{100});
    }
    EXPECT_TRUE(snapshot.servers.any_up());
    for (const MediaServer& one : snapshot.servers.all()) EXPECT_TRUE(one.up) << one.name;
    pass(seconds{6});
    EXPECT_FALSE(snapshot.servers.any_up());
}

TEST_F(Checks, OffMeansUp) {
    dead = {"pbx-1"};
    pass(seconds{5});
    ASSERT_FALSE(server("pbx-1").up);
    snapshot.health.interval = milliseconds{0};
    checks.follow(snapshot, now);
    sent.clear();
    pass(seconds{10});
    EXPECT_TRUE(server("pbx-1").up);
    EXPECT_TRUE(sent.empty());
    EXPECT_FALSE(checks.next(now).has_value());
}

TEST_F(Checks, ARefusalTakesAHundredMillisecondsAtMost) {
    pass(seconds{1});
    dead = {"pbx-2"};
    checks.refused(server("pbx-2").id, now);
    checks.refused(12345, now);  // nobody's
    pass(milliseconds{60});
    EXPECT_FALSE(server("pbx-2").up);
    EXPECT_TRUE(server("pbx-1").up && server("pbx-3").up);
}

TEST(HealthCheck, IsAnOptionsOutsideOfDialogsWhoseAnswerIsKnownAgain) {
    const Snapshot snapshot = sample::snapshot();
    const ProbeTicket ticket{ProbeKind::health, 3, 17, snapshot.servers[1].id};
    std::array<char, 2000> out{};
    const auto written = write_health_check(snapshot, ticket, out);
    ASSERT_TRUE(written.has_value());
    EXPECT_EQ(written->to, sample::endpoint("10.0.0.2"));
    std::string text{out.data(), written->size};
    EXPECT_TRUE(text.starts_with("OPTIONS sip:10.0.0.2:5060 SIP/2.0\r\n"));
    EXPECT_NE(text.find("\r\nCSeq: 17 OPTIONS\r\n"), std::string::npos);
    EXPECT_NE(text.find("\r\nTo: <sip:10.0.0.2:5060>\r\n"), std::string::npos) << "no To tag";
    text.replace(0, text.find("\r\n"), "SIP/2.0 200 OK");
    const sample::Message answer{text};
    const auto back = read_probe_ticket(snapshot.key.sign, answer.view());
    ASSERT_TRUE(back.has_value());
    EXPECT_EQ(back->kind, ProbeKind::health);
    EXPECT_EQ(back->question, 17U);
    EXPECT_EQ(back->server, ticket.server);

    // Every digit of the branch counts.
    const std::size_t branch = text.find("z9hG4bKsp-") + 10;
    for (std::size_t i = branch; text[i] != '\r'; ++i) {
        std::string forged = text;
        forged[i] = forged[i] == '0' ? '1' : '0';
        const sample::Message message{forged};
        EXPECT_FALSE(read_probe_ticket(snapshot.key.sign, message.view()).has_value()) << i;
    }
}

}  // namespace
}  // namespace sipsteer
