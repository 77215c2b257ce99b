// What passing messages teach, as the state of the tables behind them.
#include "routing/dialog_observer.hpp"

#include <gtest/gtest.h>

#include "routing/router.hpp"
#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

using sample::Draft;

struct Observer : testing::Test {
    Snapshot snapshot = sample::snapshot();
    PinTable pins{1000};
    BindingTable bindings{100};
    NextHops hops;
    CallTable calls{1000};
    Seconds now = 100;

    const ServerId a = snapshot.servers[0].id;
    const ServerId b = snapshot.servers[1].id;
    const Source outside{sample::endpoint("192.0.2.7"), 0, std::nullopt};
    const Source from_a{sample::endpoint("10.0.0.1"), 0, ServerIndex{0}};
    const Source from_b{sample::endpoint("10.0.0.2"), 0, ServerIndex{1}};

    static Draft response(int status, const std::string& method = "INVITE",
                          const std::string& to_tag = "t1") {
        Draft draft;
        draft.start = "SIP/2.0 " + std::to_string(status) + " X";
        draft.cseq = "CSeq: 1 " + method;
        draft.call_id = "Call-ID: c1";
        if (!to_tag.empty()) draft.to += ";tag=" + to_tag;
        return draft;
    }
    void answer(const Draft& draft, const Source& source, ServerId origin = kNoServer) {
        const sample::Message message = draft.message();
        Effects effects;
        observe_response(snapshot, message.view(), MessageHashes{snapshot.key, message.view()}, source,
                         origin, effects);
        (void)apply(effects, pins, calls, bindings, hops, now);
    }
    void request(const std::string& method, const Source& source, const std::string& from_tag,
                 const std::string& to_tag) {
        Draft draft;
        draft.start = method + " sip:bob@192.0.2.7 SIP/2.0";
        draft.cseq = "CSeq: 2 " + method;
        draft.call_id = "Call-ID: c1";
        draft.from = "From: <sip:x@y>;tag=" + from_tag;
        draft.to = "To: <sip:x@z>" + (to_tag.empty() ? "" : ";tag=" + to_tag);
        const sample::Message message = draft.message();
        Effects effects;
        observe_request(snapshot, message.view(), MessageHashes{snapshot.key, message.view()}, source,
                        effects);
        (void)apply(effects, pins, calls, bindings, hops, now);
    }
    /// The dialog whose server end has the tag `local`: server and state, or "none".
    [[nodiscard]] std::string dialog(const std::string& local, const std::string& remote) const {
        const auto owner = calls.find(dialog_key(snapshot.key, "c1", local, remote), now);
        if (!owner) return "none";
        constexpr const char* kStates[] = {"", "early", "confirmed", "grace"};
        const std::string server = owner->server == a ? "a " : owner->server == b ? "b " : "? ";
        return server + kStates[static_cast<int>(owner->state)];
    }
};

TEST_F(Observer, ACallToAServerIsTheServersByItsToTag) {
    answer(response(180), from_a);
    EXPECT_EQ(dialog("t1", "f1"), "a early");
    EXPECT_EQ(dialog("f1", "t1"), "none") << "the phone is no server (requirement 63)";
    answer(response(200), from_a);
    EXPECT_EQ(dialog("t1", "f1"), "a confirmed");
    answer(response(180), from_a);
    EXPECT_EQ(dialog("t1", "f1"), "a confirmed");
}

TEST_F(Observer, AServersCallIsTheServersByItsFromTag) {
    answer(response(200), outside, a);
    EXPECT_EQ(dialog("f1", "t1"), "a confirmed");
    EXPECT_EQ(dialog("t1", "f1"), "none");
}

TEST_F(Observer, ACallBetweenServersHasTwoOwners) {
    answer(response(200), from_b, a);
    EXPECT_EQ(dialog("f1", "t1"), "a confirmed");
    EXPECT_EQ(dialog("t1", "f1"), "b confirmed");
}

TEST_F(Observer, WhatMakesNoDialog) {
    answer(response(100), from_a);
    answer(response(199), from_a);
    answer(response(180, "INVITE", ""), from_a);
    for (const char* method :
         {"BYE", "CANCEL", "UPDATE", "PRACK", "REFER", "SUBSCRIBE", "OPTIONS", "REGISTER", "INFO"}) {
        answer(response(200, method), from_a);
        answer(response(180, method), from_a);
    }
    answer(response(486), from_a);
    EXPECT_EQ(calls.size(), 0U) << "the CSeq's method counts, not the status alone (requirement 76)";
}

TEST_F(Observer, ForksAreKeptApart) {
    answer(response(180, "INVITE", "t1"), from_a);
    answer(response(180, "INVITE", "t2"), from_a);
    answer(response(200, "INVITE", "t2"), from_a);
    EXPECT_EQ(dialog("t1", "f1"), "a early") << "the 2xx of one fork does not end the others";
    EXPECT_EQ(dialog("t2", "f1"), "a confirmed");
}

TEST_F(Observer, AFinalFailureEndsTheEarlyOnes) {
    for (const int status : {302, 404, 408, 486, 487, 503, 603}) {
        calls.~CallTable();
        new (&calls) CallTable(1000);
        answer(response(180, "INVITE", "t1"), from_a);
        answer(response(183, "INVITE", "t2"), from_a);
        answer(response(status, "INVITE", "other"), from_a);
        EXPECT_EQ(dialog("t1", "f1"), "a grace") << status;
        EXPECT_EQ(dialog("t2", "f1"), "a grace") << status;
    }
    answer(response(180, "INVITE", "t3"), outside, b);
    answer(response(486, "INVITE", "t3"), outside, b);
    EXPECT_EQ(dialog("f1", "t3"), "b grace");
}

TEST_F(Observer, AChallengeEndsNothing) {
    answer(response(180), from_a);
    answer(response(401, "INVITE", "x"), from_a);
    answer(response(407, "INVITE", "x"), from_a);
    EXPECT_EQ(dialog("t1", "f1"), "a early");
}

TEST_F(Observer, AFailedReInviteEndsNothing) {
    answer(response(200), from_a);
    for (const int status : {488, 491, 500, 401, 407, 486, 487}) answer(response(status), from_a);
    EXPECT_EQ(dialog("t1", "f1"), "a confirmed");
    answer(response(481), from_a);
    EXPECT_EQ(dialog("t1", "f1"), "a grace");
}

TEST_F(Observer, TheEndIsAServersWord) {
    for (const auto& [status, method] : std::initializer_list<std::pair<int, const char*>>{
             {200, "BYE"}, {481, "BYE"}, {481, "INVITE"}, {408, "INVITE"}, {481, "UPDATE"}, {408, "INFO"}}) {
        calls.~CallTable();
        new (&calls) CallTable(1000);
        answer(response(200), from_a);
        answer(response(status, method), outside, b);
        EXPECT_EQ(dialog("t1", "f1"), "a confirmed") << "another server's";
        answer(response(status, method, "t9"), from_a);
        EXPECT_EQ(dialog("t1", "f1"), "a confirmed") << "another dialog's";
        answer(response(status, method), from_b);
        EXPECT_EQ(dialog("t1", "f1"), "a confirmed") << "from another server";
        answer(response(status, method), from_a);
        EXPECT_EQ(dialog("t1", "f1"), "a grace") << status << method;
    }
}

TEST_F(Observer, APhonesAnswerEndsNothing) {
    answer(response(200), outside, a);
    answer(response(481, "INFO"), outside, a);
    answer(response(200, "BYE"), outside, a);
    EXPECT_EQ(dialog("f1", "t1"), "a confirmed") << "requirement 87";
}

TEST_F(Observer, A481ToACancelEndsNothing) {
    // The transaction is unknown, not the dialog: anybody may send a CANCEL with the tags of a call.
    answer(response(200), from_a);
    answer(response(481, "CANCEL"), from_a);
    EXPECT_EQ(dialog("t1", "f1"), "a confirmed");
}

TEST_F(Observer, A481OfAnotherUsageEndsNoCall) {
    // No such subscription: the call that the NOTIFY came in goes on (RFC 5057 §5.1, §5.3).
    answer(response(200), from_a);
    answer(response(481, "NOTIFY"), from_a);
    answer(response(481, "SUBSCRIBE"), from_a);
    EXPECT_EQ(dialog("t1", "f1"), "a confirmed");
}

TEST_F(Observer, AServersOwnRequestsTeachToo) {
    request("INVITE", from_a, "t1", "f1");
    EXPECT_EQ(dialog("t1", "f1"), "a confirmed") << "a lost table fills again";
    request("BYE", outside, "f1", "t1");
    EXPECT_EQ(dialog("t1", "f1"), "a confirmed") << "a phone's BYE ends nothing by itself";
    request("BYE", from_b, "t1", "f1");
    EXPECT_EQ(dialog("t1", "f1"), "a confirmed");
    request("BYE", from_a, "t1", "f1");
    EXPECT_EQ(dialog("t1", "f1"), "a grace");
    request("INVITE", from_b, "x", "");
    EXPECT_EQ(dialog("x", ""), "none") << "out of any dialog";
    request("INVITE", outside, "y", "z");
    EXPECT_EQ(dialog("y", "z"), "none");
}

TEST_F(Observer, SessionTimersSetTheLifetime) {
    Draft timed = response(200);
    timed.more = {"Session-Expires: 1800;refresher=uac"};
    answer(timed, from_a);
    now += 1800;
    EXPECT_EQ(dialog("t1", "f1"), "a confirmed") << "a slow refresh is waited for";
    now += 120;
    EXPECT_EQ(dialog("t1", "f1"), "none");
    answer(timed, from_a);
    now += 1700;
    Draft refreshed = response(200, "UPDATE");
    refreshed.more = {"x: 1800"};
    answer(refreshed, from_a);
    now += 1700;
    EXPECT_EQ(dialog("t1", "f1"), "a confirmed");
}

TEST_F(Observer, ResponsesToAnInviteKeepItsPin) {
    const sample::Message invite = response(180).message();
    const std::uint64_t key = MessageHashes{snapshot.key, invite.view()}.pin_key(kNoServer);
    (void)pins.pin(key, {a}, 1, now);
    answer(response(180), from_a);
    now += PinTable::kRinging - 1;
    EXPECT_TRUE(pins.find(key, now));
    answer(response(200, "BYE"), from_a);
    EXPECT_FALSE(pins.find(key, now + 1)) << "only a response to the INVITE counts";
}

}  // namespace
}  // namespace sipsteer
