#include "routing/registration_observer.hpp"

#include <gtest/gtest.h>

#include "sample.hpp"

namespace sipsteer {
namespace {

constexpr ServerId kRegistrar = 101;

struct Registrations : testing::Test {
    Snapshot snapshot = sample::snapshot();

    std::optional<Effects::BindingChange> learned(std::vector<std::string> lines, int status = 200,
                                                  const std::string& to = "<sip:ann@example.net>",
                                                  const std::string& method = "REGISTER") const {
        sample::Draft draft;
        draft.start = "SIP/2.0 " + std::to_string(status) + " X";
        draft.to = "To: " + to + ";tag=t1";
        draft.cseq = "CSeq: 1 " + method;
        draft.more = std::move(lines);
        const sample::Message message = draft.message();
        Effects effects;
        observe_registration(snapshot, message.view(), kRegistrar, effects);
        return effects.binding;
    }
    AorKey aor(const std::string& to) const {
        return learned({"Contact: <sip:a@192.0.2.7>"}, 200, to).value().aor;
    }
};

TEST_F(Registrations, TheLongestContactCounts) {
    EXPECT_EQ(learned({"Contact: <sip:a@192.0.2.7>;expires=60"})->lifetime, 60U);
    EXPECT_EQ(learned({"Contact: <sip:a@x>;q=0.5 ; Expires = 60, \"A, B\" <sip:a@y;expires=9>;expires=300"})
                  ->lifetime,
              300U);
    EXPECT_EQ(learned({"Contact: <sip:a@x>;expires=60", "m: <sip:a@y>;expires=90"})->lifetime, 90U);
    EXPECT_EQ(learned({"Contact: <sip:a@x>", "Expires: 120"})->lifetime, 120U);
    EXPECT_EQ(learned({"Contact: <sip:a@x>;expires=7", "Expires: 120"})->lifetime, 7U);
    EXPECT_EQ(learned({"Contact: <sip:a@x>"})->lifetime, 3600U);
    EXPECT_EQ(learned({"Contact: <sip:a@x>;expires=99999999999"})->lifetime, 3600U) << "no number";
    EXPECT_EQ(learned({"Contact: <sip:a@x>;expires=4294967295"})->lifetime, 7U * 24 * 3600);
    EXPECT_EQ(learned({"Contact: <sip:a@x>;expires=60"})->server, kRegistrar);
}

TEST_F(Registrations, NothingLeftIsNothingBound) {
    EXPECT_EQ(learned({})->lifetime, 0U);
    EXPECT_EQ(learned({"Expires: 3600"})->lifetime, 0U);
    EXPECT_EQ(learned({"Contact: <sip:a@x>;expires=0"})->lifetime, 0U);
}

TEST_F(Registrations, OnlyA2xxToARegister) {
    const std::vector<std::string> contact{"Contact: <sip:a@x>;expires=60"};
    EXPECT_FALSE(learned(contact, 100));
    EXPECT_FALSE(learned(contact, 401));
    EXPECT_FALSE(learned(contact, 200, "<sip:ann@example.net>", "SUBSCRIBE"));
    EXPECT_FALSE(learned(contact, 200, "<sip:example.net>")) << "nobody";
    EXPECT_FALSE(learned(contact, 200, "<mailto:ann@example.net>"));
}

TEST_F(Registrations, OneUserInAllHisSpellings) {
    const AorKey ann = aor("<sip:ann@example.net>");
    EXPECT_EQ(aor("<sip:%61nn@Example.NET:5070;transport=tcp>"), ann);
    EXPECT_EQ(aor("<sips:ann:secret@example.net>"), ann);
    EXPECT_NE(aor("<sip:Ann@example.net>").user, ann.user) << "users compare with case (RFC 3261 §19.1.4)";
    EXPECT_NE(aor("<sip:ann@example.com>").domain, ann.domain);
    EXPECT_EQ(aor("<sip:ann@192.0.2.1>").domain, 0U) << "our own address";
    EXPECT_EQ(aor("<sip:ann@192.0.2.1:5060>").domain, 0U);
    EXPECT_EQ(aor("<tel:+49301234;phone-context=x>").user, aor("<sip:+49301234@192.0.2.1>").user);
}

}  // namespace
}  // namespace sipsteer
