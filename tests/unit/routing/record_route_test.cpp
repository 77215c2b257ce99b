#include "routing/record_route.hpp"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

const KeyedHash kSign = sample::key().sign;

RouteClaim claim(const std::string& uri, std::string_view call_id = "c1",
                 const ClusterKey& key = sample::key()) {
    return read_route_signature(key.sign, call_digest(key, call_id), SipUri::parse(uri).value());
}

std::string signature(ServerId owner) {
    const RouteSignature text = make_route_signature(call_digest(sample::key(), "c1"), owner);
    return {text.data(), text.size()};
}

TEST(RecordRoute, BringsTheOwnerBack) {
    for (const ServerId owner : {kNoServer, ServerId{1}, ServerId{0xfedcba98}}) {
        for (const std::string form :
             {"sip:192.0.2.1;lr;ss=", "sip:192.0.2.1:5060;transport=tcp;SS=", "sip:x@192.0.2.1;lr=on;ss="}) {
            const RouteClaim found = claim(form + signature(owner));
            EXPECT_TRUE(found.present);
            EXPECT_TRUE(found.valid);
            EXPECT_EQ(found.owner, owner);
        }
    }
}

TEST(RecordRoute, IsAbsentWhereThereIsNone) {
    for (const char* uri :
         {"sip:192.0.2.1;lr", "sip:192.0.2.1", "sip:192.0.2.1;lr;ss", "sip:192.0.2.1;xss=1"}) {
        const RouteClaim found = claim(uri);
        EXPECT_FALSE(found.present) << uri;
        EXPECT_FALSE(found.valid) << uri;
    }
}

TEST(RecordRoute, AnEmptySignatureIsAWrongOne) {
    for (const char* uri : {"sip:192.0.2.1;lr;ss=", "sip:192.0.2.1;ss=;lr", "sip:192.0.2.1;lr;ss=?234=1"}) {
        EXPECT_TRUE(claim(uri).present) << uri;
        EXPECT_FALSE(claim(uri).valid) << uri;
    }
}

TEST(RecordRoute, EveryFlippedBitIsFound) {
    const std::string ours = signature(0x1234abcd);
    int tried = 0;
    for (std::size_t at = 0; at < ours.size(); ++at) {
        for (int bit = 0; bit < 8; ++bit) {
            std::string forged = ours;
            forged[at] = static_cast<char>(forged[at] ^ (1 << bit));
            const auto uri = SipUri::parse("sip:192.0.2.1;lr;ss=" + forged);
            if (!uri || to_lower(forged[at]) == to_lower(ours[at])) continue;
            const std::string text = "sip:192.0.2.1;lr;ss=" + forged;
            EXPECT_FALSE(claim(text).valid) << forged;
            EXPECT_EQ(claim(text).owner, kNoServer) << forged;
            ++tried;
        }
    }
    EXPECT_GT(tried, 100);
}

TEST(RecordRoute, IsBoundToCallAndKey) {
    const std::string uri = "sip:192.0.2.1;lr;ss=" + signature(5);
    EXPECT_FALSE(claim(uri, "c2").valid);
    EXPECT_FALSE(claim(uri, "C1").valid);
    EXPECT_FALSE(claim(uri, "c1", sample::key(8)).valid);
    EXPECT_TRUE(claim(uri, "c2").present);
    for (const std::string& text : {std::string("0"), signature(5) + "0", signature(5).substr(1),
                                    std::string(24, '0'), std::string(24, 'g')}) {
        EXPECT_FALSE(claim("sip:192.0.2.1;lr;ss=" + text).valid) << text;
    }
}

TEST(RecordRoute, BringsTheFlowBack) {
    const Flow flow{sample::endpoint("198.51.100.9", 40001), 3, kNoConnection};
    const std::string token{make_flow_token(kSign, signature(5), flow).view()};
    for (const std::string name : {"sf", "sl"}) {
        const RouteClaim found = claim("sip:192.0.2.1;lr;ss=" + signature(5) + ";" + name + "=" + token);
        ASSERT_TRUE(found.valid && found.flow && !found.bad_flow) << name;
        EXPECT_EQ(found.flow->flow, flow);
        EXPECT_EQ(found.flow->last_resort, name == "sl");
    }
    const RouteClaim other_owner = claim("sip:192.0.2.1;lr;ss=" + signature(6) + ";sf=" + token);
    EXPECT_TRUE(other_owner.valid && other_owner.bad_flow && !other_owner.flow);
    const RouteClaim other_call = claim("sip:192.0.2.1;lr;ss=" + signature(5) + ";sf=" + token, "c2");
    EXPECT_FALSE(other_call.valid || other_call.flow);
    EXPECT_FALSE(claim("sip:192.0.2.1;lr;sf=" + token).flow) << "that would be a Path";
}

}  // namespace
}  // namespace sipsteer
