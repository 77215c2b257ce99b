#include "routing/branch.hpp"

#include <gtest/gtest.h>

#include <set>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

using sample::Draft;

const ClusterKey kKey = sample::key();
const KeyedHash& kSign = kKey.sign;

std::string branch(const Draft& draft, ServerId origin = kNoServer) {
    const sample::Message message = draft.message();
    const BranchText text = make_branch(call_digest(kKey, message.view().call_id()), message.view(), origin);
    return {text.data(), text.size()};
}

Draft cancel(Draft invite) {
    invite.start = "CANCEL sip:bob@pbx.example.com SIP/2.0";
    invite.cseq.replace(invite.cseq.find("INVITE"), 6, "CANCEL");
    return invite;
}

Draft ack(Draft invite) {
    invite.start = "ACK sip:bob@pbx.example.com SIP/2.0";
    invite.cseq.replace(invite.cseq.find("INVITE"), 6, "ACK");
    invite.to += ";tag=t1";
    return invite;
}

TEST(Branch, IsOneForATransactionAndItsCancelAndAck) {
    // The three forms that RFC 3261 §16.11 tells apart: with cookie, old style, none; a bare cookie is none.
    for (const char* parameter :
         {";branch=z9hG4bK1", ";branch=Z9HG4BKx", ";branch=390skdjuw", ";branch=z9hG4bK", ""}) {
        Draft invite;
        invite.vias = {std::string("Via: SIP/2.0/UDP 192.0.2.7:5060") + parameter};
        EXPECT_EQ(branch(invite), branch(invite)) << parameter;
        EXPECT_EQ(branch(invite), branch(cancel(invite))) << parameter;
        EXPECT_EQ(branch(invite), branch(ack(invite))) << parameter;
        EXPECT_TRUE(branch(invite).starts_with("z9hG4bK"));
    }
}

TEST(Branch, DoesNotDependOnWhatWeAdd) {
    Draft with;
    with.vias = {"Via: SIP/2.0/UDP 192.0.2.7:5060;rport=4711;received=192.0.2.99;branch=z9hG4bK1"};
    with.more = {"Max-Forwards: 12", "Route: <sip:192.0.2.1;lr>", "Replaces: x;to-tag=1;from-tag=2"};
    with.body = "another body";
    EXPECT_EQ(branch(Draft{}), branch(with)) << "requirement 33";
}

TEST(Branch, DiffersWithWhatMakesATransaction) {
    std::set<std::string> all = {branch(Draft{}), branch(Draft{}, 7), branch(Draft{}, 8)};
    Draft draft;
    draft.vias = {"Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK2"};
    all.insert(branch(draft));
    draft.vias = {"Via: SIP/2.0/UDP 192.0.2.8:5060;branch=z9hG4bK1"};
    all.insert(branch(draft));
    draft.vias = {"Via: SIP/2.0/UDP 192.0.2.7:5061;branch=z9hG4bK1"};
    all.insert(branch(draft));
    draft = {};
    draft.call_id = "Call-ID: c2@192.0.2.7";
    all.insert(branch(draft));
    draft = {};
    draft.cseq = "CSeq: 2 INVITE";
    all.insert(branch(draft));
    EXPECT_EQ(all.size(), 8U);
}

/// The response to `request` as it comes back to us, with our Via and that of the client.
sample::Message response(const Draft& request, const std::string& our_branch) {
    Draft draft = request;
    draft.start = "SIP/2.0 200 OK";
    draft.vias.insert(draft.vias.begin(), "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=" + our_branch);
    draft.to += ";tag=t1";
    return draft.message();
}

std::optional<ServerId> verify(const sample::Message& message) {
    const HeaderField* below = message.view().next(*message.view().find(HeaderId::via));
    return verify_branch(call_digest(kKey, message.view().call_id()), message.view(),
                         ViaView::parse(below->value).value());
}

TEST(Branch, BringsTheOriginBack) {
    for (const ServerId origin : {kNoServer, ServerId{1}, ServerId{0xffffffff}}) {
        for (const char* parameter : {";branch=z9hG4bK1", ";branch=old", ""}) {
            Draft request;
            request.vias = {std::string("Via: SIP/2.0/UDP 192.0.2.7:5060") + parameter};
            EXPECT_EQ(verify(response(request, branch(request, origin))), origin) << parameter;
        }
    }
}

TEST(Branch, SurvivesWhatALawfulAnswererMayChange) {
    const Draft request;
    Draft answered = request;
    answered.vias = {"v:SIP/2.0/UDP 192.0.2.7:5060 ;rport=1;received=192.0.2.99; branch=z9hG4bK1"};
    EXPECT_EQ(verify(response(answered, branch(request, 5))), 5U);
}

TEST(Branch, EveryFlippedBitIsFound) {
    const Draft request;
    const std::string ours = branch(request, 5);
    int tried = 0;
    for (std::size_t at = 0; at < ours.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string forged = ours;
            forged[at] = static_cast<char>(forged[at] ^ (1 << bit));
            if (!is(forged[at], kToken)) continue;  // the parser's business
            if (to_lower(forged[at]) == to_lower(ours[at]) && at >= 10)
                continue;  // hex digits in the other case
            EXPECT_EQ(verify(response(request, forged)), std::nullopt) << forged;
            ++tried;
        }
    }
    EXPECT_GT(tried, 100);
    EXPECT_EQ(verify(response(request, ours + "0")), std::nullopt);
    EXPECT_EQ(verify(response(request, ours.substr(0, ours.size() - 1))), std::nullopt);
    EXPECT_EQ(verify(response(request, "z9hG4bK1")), std::nullopt);
}

TEST(Branch, IsBoundToItsTransaction) {
    const std::string ours = branch(Draft{}, 5);
    Draft other;
    other.call_id = "Call-ID: c2@192.0.2.7";
    EXPECT_EQ(verify(response(other, ours)), std::nullopt);
    other = {};
    other.cseq = "CSeq: 2 INVITE";
    EXPECT_EQ(verify(response(other, ours)), std::nullopt);
    other = {};
    other.vias = {"Via: SIP/2.0/UDP 198.51.100.9:5060;branch=z9hG4bK1"};
    EXPECT_EQ(verify(response(other, ours)), std::nullopt) << "a response cannot be led to another client";
    const sample::Message other_key = response(Draft{}, ours);
    const ViaView below =
        ViaView::parse(other_key.view().next(*other_key.view().find(HeaderId::via))->value).value();
    EXPECT_EQ(verify_branch(call_digest(sample::key(8), other_key.view().call_id()), other_key.view(), below),
              std::nullopt);
}

TEST(ReplyTag, IsRecognisedInTheAckOnly) {
    const sample::Message invite = Draft{}.message();
    const ReplyTag tag = make_reply_tag(kSign, invite.view());
    const std::string text(tag.data(), tag.size());
    EXPECT_EQ(make_reply_tag(kSign, invite.view()), tag);
    Draft acknowledged;
    acknowledged.start = "ACK sip:bob@pbx.example.com SIP/2.0";
    acknowledged.cseq = "CSeq: 1 ACK";
    acknowledged.to += ";tag=" + text;
    EXPECT_TRUE(is_reply_tag(kSign, acknowledged.message().view()));
    EXPECT_FALSE(is_reply_tag(sample::key(8).sign, acknowledged.message().view()));
    acknowledged.cseq = "CSeq: 2 ACK";
    EXPECT_FALSE(is_reply_tag(kSign, acknowledged.message().view()));
    acknowledged.cseq = "CSeq: 1 ACK";
    for (const std::string& other :
         {text.substr(1), "x" + text.substr(1), text + "0", std::string("ss"), std::string("t1")}) {
        acknowledged.to = "To: <sip:bob@pbx.example.com>;tag=" + other;
        EXPECT_FALSE(is_reply_tag(kSign, acknowledged.message().view())) << other;
    }
}

}  // namespace
}  // namespace sipsteer
