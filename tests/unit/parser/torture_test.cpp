// Every message of the corpus gets its verdict, and every law holds for it.
#include <gtest/gtest.h>

#include "parser/message_view.hpp"
#include "parser/sip_uri.hpp"
#include "tests/corpus/corpus.hpp"
#include "tests/fuzz/laws/exact_bytes.hpp"
#include "tests/fuzz/laws/laws.hpp"

namespace sipsteer {
namespace {

std::string verdict(const auto& result) { return result ? "ok" : std::string(to_string(result.error())); }

TEST(Corpus, HasAllOfRfc4475AndRfc5118) {
    // 49 of RFC 4475 (one of them a second time, without its NUL) and 11 of RFC 5118.
    EXPECT_EQ(corpus::load("torture").size(), 49U + 1U + 11U);
    EXPECT_GE(corpus::load("faults").size(), 80U);
}

TEST(Corpus, GetsTheVerdictOfItsIndex) {
    for (const corpus::Message& expected : corpus::load_all()) {
        SCOPED_TRACE(expected.name);
        const ExactBytes bytes(expected.bytes);
        MessageView message;
        const auto result = message.parse(bytes.view());
        EXPECT_EQ(verdict(result), expected.verdict);
        if (!result) {
            EXPECT_EQ(message.can_answer(), expected.answerable);
        }
        if (expected.request_uri != "-") {
            EXPECT_EQ(verdict(SipUri::parse(message.request_uri())), expected.request_uri);
        }
    }
}

TEST(Corpus, ObeysTheLaws) {
    for (const corpus::Message& expected : corpus::load_all()) {
        SCOPED_TRACE(expected.name);
        const ExactBytes bytes(expected.bytes);
        EXPECT_EQ(laws::message_view_law(bytes.view()), "");
        MessageView message;
        if (!message.parse(bytes.view())) continue;
        for (std::size_t i = 0; i < kHeaderIdCount; ++i) {
            const auto id = static_cast<HeaderId>(i);
            for (const HeaderField* field = message.find(id); field != nullptr;
                 field = message.next(*field)) {
                const ExactBytes value(field->value);
                EXPECT_EQ(laws::via_law(value.view()), "");
                EXPECT_EQ(laws::name_addr_law(value.view()), "");
                EXPECT_EQ(laws::sip_uri_law(value.view()), "");
                EXPECT_EQ(laws::replaces_law(value.view()), "");
                EXPECT_EQ(laws::refer_to_law(value.view()), "");
            }
        }
    }
}

TEST(Corpus, ValuesOfWsinvAreReadThroughFoldsAndBlanks) {
    for (const corpus::Message& sample : corpus::load("torture")) {
        if (sample.name != "wsinv") continue;
        MessageView message;
        ASSERT_TRUE(message.parse(sample.bytes));
        EXPECT_EQ(message.method(), Method::invite);
        EXPECT_EQ(message.call_id(), "wsinv.1a2b3c@192.0.2.20");
        EXPECT_EQ(message.from_tag(), "55gh1x");
        EXPECT_EQ(message.to_tag(), "77120833z");
        EXPECT_EQ(message.cseq_number(), 9U);
        EXPECT_EQ(message.max_forwards(), 68);
        EXPECT_EQ(message.top_via().transport, "UDP");
        EXPECT_EQ(message.top_via().host, "192.0.2.20");
        EXPECT_EQ(message.top_via().branch, "390skdjuw");
        const HeaderField* second = message.next(*message.find(HeaderId::via));
        ASSERT_NE(second, nullptr);
        const auto via = ViaView::parse(second->value);
        ASSERT_TRUE(via);
        EXPECT_EQ(via->transport, "TCP");
        EXPECT_EQ(via->branch, "z9hG4bK7kk2");
        const auto third = ViaView::parse(via->rest);
        ASSERT_TRUE(third);
        EXPECT_EQ(third->branch, "z9hG4bK30111");
        EXPECT_TRUE(third->rest.empty());
        return;
    }
    FAIL() << "wsinv is not in the corpus";
}

TEST(Corpus, EndsBodiesWhereContentLengthSays) {
    for (const corpus::Message& sample : corpus::load_all()) {
        MessageView message;
        if (!message.parse(sample.bytes)) continue;
        SCOPED_TRACE(sample.name);
        if (sample.name == "dblreq" || sample.name == "content-length-zeros") {
            EXPECT_EQ(message.body(), "");
            EXPECT_LT(message.bytes().size(), sample.bytes.size());
        } else if (sample.name == "content-length-blank") {
            EXPECT_EQ(message.body(), "12345");
        } else {
            EXPECT_EQ(message.bytes().data() + message.bytes().size(),
                      sample.bytes.data() + sample.bytes.size());
        }
    }
}

}  // namespace
}  // namespace sipsteer
