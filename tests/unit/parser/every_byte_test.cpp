// Messages cut at every offset, and with every byte replaced: nothing is read out of bounds and
// every law still holds. Run under AddressSanitizer this is a small exhaustive fuzzing.
#include <gtest/gtest.h>

#include "parser/message_view.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/fuzz/laws/exact_bytes.hpp"
#include "tests/fuzz/laws/laws.hpp"

namespace sipsteer {
namespace {

constexpr std::string_view kRich =
    "INVITE sip:bob;x=1@[2001:db8::5]:5070;transport=tcp;lr?a=b SIP/2.0\r\n"
    "v: SIP/2.0/UDP [2001:db8::9]:5060 ;rport;received=192.0.2.9;branch=z9hG4bK1,\r\n SIP/2.0/TLS "
    "h;branch=x\r\n"
    "Max-Forwards: 70\r\n"
    "From: \"A \\\"q\\\" ;tag=no\" <sip:a@b;tag=no>;tag=f1\r\n"
    "t: <sip:b@c>;x=\"y\";tag=t1\r\n"
    "Call-ID: c1@h\r\n"
    "CSeq: 1\r\n INVITE\r\n"
    "Replaces: r@h;to-tag=1;from-tag=2;early-only\r\n"
    "r: <sip:d@e?Replaces=r%40h%3Bto-tag%3D1%3Bfrom-tag%3D2>\r\n"
    "Route: <sip:p1;lr>, <sip:p2>\r\n"
    "l: 4\r\n"
    "\r\nbody";

constexpr std::string_view kResponse =
    "SIP/2.0 180 Ringing\r\n"
    "Via: SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK1;rport=5062;received=192.0.2.2\r\n"
    "f: <sip:a@b>;tag=1\r\n"
    "t: <sip:b@c>;tag=2\r\n"
    "i: x\r\n"
    "CSeq: 4 INVITE\r\n\r\n";

constexpr char kSpoilers[] = {'\0', '\r', '\n', ';', ',', '"', '<', '\xff', ' '};

TEST(EveryByte, CutAtEveryOffset) {
    for (const std::string_view whole : {kRich, kResponse}) {
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            const ExactBytes bytes(whole.substr(0, size));
            ASSERT_EQ(laws::message_view_law(bytes.view()), "") << "cut at " << size;
            MessageView message;
            ASSERT_EQ(message.parse(bytes.view()).has_value(), size == whole.size()) << "cut at " << size;
        }
    }
}

TEST(EveryByte, Replaced) {
    for (const std::string_view whole : {kRich, kResponse}) {
        ExactBytes bytes(whole);
        for (std::size_t at = 0; at < whole.size(); ++at) {
            for (const char spoiler : kSpoilers) {
                bytes[at] = spoiler;
                ASSERT_EQ(laws::message_view_law(bytes.view()), "")
                    << "byte " << at << " is " << int{spoiler};
            }
            bytes[at] = whole[at];
        }
    }
}

TEST(EveryByte, Doubled) {
    for (const std::string_view whole : {kRich, kResponse}) {
        for (std::size_t at = 0; at < whole.size(); ++at) {
            std::string doubled(whole);
            doubled.insert(at, 1, whole[at]);
            const ExactBytes bytes(doubled);
            ASSERT_EQ(laws::message_view_law(bytes.view()), "") << "byte " << at;
        }
    }
}

TEST(EveryByte, OfTheCorpusCutAtEveryOffset) {
    for (const corpus::Message& sample : corpus::load_all()) {
        // The long ones say nothing new at every offset, and cost their length squared.
        const std::size_t step = 1 + sample.bytes.size() / 1500;
        for (std::size_t size = 0; size <= sample.bytes.size(); size += step) {
            const ExactBytes bytes(std::string_view(sample.bytes).substr(0, size));
            ASSERT_EQ(laws::message_view_law(bytes.view()), "") << sample.name << " cut at " << size;
        }
    }
}

/// The laws of single values, for every cut and every replaced byte of each sample.
void spoil(std::string (*law)(std::string_view), std::initializer_list<std::string_view> samples) {
    for (const std::string_view whole : samples) {
        for (std::size_t size = 0; size <= whole.size(); ++size) {
            const ExactBytes bytes(whole.substr(0, size));
            ASSERT_EQ(law(bytes.view()), "") << bytes.view();
        }
        ExactBytes bytes(whole);
        for (std::size_t at = 0; at < whole.size(); ++at) {
            for (int c = 0; c < 256; ++c) {
                bytes[at] = static_cast<char>(c);
                ASSERT_EQ(law(bytes.view()), "") << bytes.view();
            }
            bytes[at] = whole[at];
        }
    }
}

TEST(EveryByte, OfVia) {
    spoil(laws::via_law, {"SIP / 2.0 /\r\n UDP [2001:db8::9]:5060 ; "
                          "rport;received=192.0.2.9;branch=z9hG4bK1;x=\"y\" , SIP/2.0/TCP h",
                          "SIP/2.0/UDP a:1;rport=2;maddr=[::1];received=\"x\";branch",
                          "SIP/2.0/UDP 192.0.2.9:5060;branch=z9hG4bK1;rport;received=192.0.2.7",
                          "SIP/2.0/UDP h;rport;branch=b"});
}

TEST(EveryByte, OfSipUri) {
    spoil(laws::sip_uri_law, {"sips:us;er:pw@[2001:db8::5]:5070;transport=tcp;maddr=h;lr?a=b&c=d",
                              "sip:a.b:1;lr=on", "tel:+1;x=2"});
}

TEST(EveryByte, OfNameAddr) {
    spoil(laws::name_addr_law,
          {"\"A \\\" ,;<\" <sip:a@b;x=1?y=2> ;\r\n tag = f1;q=\"z\" , sip:c@d;tag=2", "sip:a@b;tag=1;x",
           "\"A b\" <sip:a@b;x=1>;tag=f1", "<sip:a@example.com>;tag=f1", "\"\"<sip:a@b>"});
}

TEST(EveryByte, OfReplaces) {
    spoil(laws::replaces_law,
          {"a<b>(c)\"{}@h ; to-tag = 1;\r\n from-tag=2;early-only;x=\"y\"", "x;local-tag=1;remote-tag=0"});
}

TEST(EveryByte, OfReferTo) {
    spoil(laws::refer_to_law,
          {"\"B\" <sip:b@h;x=1?Require=replaces&Replaces=r%40h%3Bto-tag%3d1%3Bfrom-tag%3D2>;a=b",
           "sip:b@h?replaces=r;to-tag=1;from-tag=2"});
}

TEST(EveryByte, OfIpAddress) {
    spoil(laws::ip_address_law, {"192.168.255.1", "[2001:db8:0:0:1::ffff]", "::ffff:192.0.2.1",
                                 "1:2:3:4:5:6:7:8", "2001:db8:::192.0.2.1"});
}

}  // namespace
}  // namespace sipsteer
