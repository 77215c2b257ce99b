#include "proxy/open_requests.hpp"

#include <gtest/gtest.h>

namespace sipsteer {
namespace {

constexpr std::string_view kInvite = "INVITE sip:carol@example.com SIP/2.0\r\n";
constexpr std::string_view kCancel = "CANCEL sip:carol@example.com SIP/2.0\r\n";
constexpr std::string_view kAck = "ACK sip:carol@example.com SIP/2.0\r\n";
constexpr std::string_view kRinging = "SIP/2.0 180 Ringing\r\n";
constexpr std::string_view kOk = "SIP/2.0 200 OK\r\n";
constexpr std::string_view kTerminated = "SIP/2.0 487 Request Terminated\r\n";

TEST(OpenRequests, OneCallsAnswerIsNotAnothers) {
    OpenRequests open;
    open.add(kInvite, 1);
    open.add(kInvite, 1);
    open.answer(kOk, 2);
    EXPECT_TRUE(open.any(3));
    open.answer(kOk, 4);
    EXPECT_FALSE(open.any(5));
}

TEST(OpenRequests, ACancelledInviteGetsTwoAnswers) {
    OpenRequests open;
    open.add(kInvite, 1);
    open.answer(kRinging, 1);
    open.add(kCancel, 2);
    open.answer(kOk, 2);
    EXPECT_TRUE(open.any(2));
    open.answer(kTerminated, 2);
    EXPECT_FALSE(open.any(2));
    open.add(kAck, 2);
    EXPECT_FALSE(open.any(2)) << "nobody answers an ACK";
}

TEST(OpenRequests, AnswersTooManyLeaveNoDebt) {
    OpenRequests open;
    open.answer(kOk, 1);
    open.answer(kOk, 1);
    open.add(kInvite, 2);
    EXPECT_TRUE(open.any(2));
}

TEST(OpenRequests, AProvisionalAnswerTellsThatOneIsOpen) {
    OpenRequests open;
    open.add(kInvite, 1);
    open.add(kInvite, 1);
    open.answer(kOk, 2);
    open.answer(kOk, 2);  // sent again before the ACK came
    EXPECT_FALSE(open.any(2));
    open.answer(kRinging, 3);
    EXPECT_TRUE(open.any(3));
    open.answer(kRinging, 4);
    open.answer(kOk, 5);
    EXPECT_FALSE(open.any(5));
}

TEST(OpenRequests, WhatNobodyWillAnswerIsTakenBack) {
    OpenRequests open;
    open.add(kInvite, 1);
    open.take_back(kInvite);
    EXPECT_FALSE(open.any(1));
    open.add(kInvite, 1);
    open.take_back(kAck);
    EXPECT_TRUE(open.any(1)) << "it never counted";
}

TEST(OpenRequests, WhatIsNeverAnsweredIsGivenUp) {
    OpenRequests open;
    open.add(kInvite, 1000);
    EXPECT_TRUE(open.any(1000 + OpenRequests::kTimerC));
    open.answer(kRinging, 1100);
    EXPECT_TRUE(open.any(1100 + OpenRequests::kTimerC));
    EXPECT_FALSE(open.any(1101 + OpenRequests::kTimerC));
}

}  // namespace
}  // namespace sipsteer
