// What goes on is what came in, but for the few changes that RFC 3261 §16.6 and §16.11 ask for. Tried
// on messages in every legal form.
#include "routing/forward.hpp"

#include <gtest/gtest.h>

#include "parser/header_lines.hpp"
#include "tests/fuzz/laws/laws.hpp"
#include "tests/oracle/message_maker.hpp"
#include "tests/unit/routing/sample.hpp"

namespace sipsteer {
namespace {

const Source kPhone{sample::endpoint("198.51.100.9", 40000), 0, std::nullopt};

Forward to_pbx(bool record_route = false) {
    Forward forward;
    forward.next_hop = sample::endpoint("10.0.0.1");
    forward.server = ServerIndex{0};
    forward.edits.record_route = record_route;
    forward.edits.record_route_owner = 5;
    return forward;
}

std::string forwarded(const MessageView& request, const Forward& forward, const Source& source = kPhone,
                      const Snapshot& snapshot = sample::snapshot()) {
    std::vector<char> out(70000);
    const auto written = write_request(request, source, forward, snapshot, out);
    return written ? std::string(out.data(), written->size) : "(none)";
}

/// Header lines but those of the given names; the body behind them.
std::string all_but(const MessageView& message, std::initializer_list<HeaderId> ids) {
    std::string text;
    HeaderLine line;
    for (HeaderLines lines{message}; lines.next(line);) {
        if (std::ranges::find(ids, header_id(line.name)) == ids.end()) text += line.line;
    }
    return text + "\r\n" + std::string(message.body());
}

/// All Via values, each without blanks around it.
std::vector<std::string> vias(const MessageView& message) {
    std::vector<std::string> values;
    for (const HeaderField* field = message.find(HeaderId::via); field != nullptr;
         field = message.next(*field)) {
        std::string_view rest = field->value;
        while (!rest.empty()) {
            const auto via = ViaView::parse(rest).value();
            values.emplace_back(via.value);
            rest = via.rest;
        }
    }
    return values;
}

TEST(Forward, LeavesEverythingElseAlone) {
    oracle::MessageMaker maker(11);
    int seen = 0;
    for (int i = 0; i < 4000; ++i) {
        const auto made = maker.make();
        const sample::Message original(made.bytes);
        const MessageView& before = original.view();
        if (!before.is_request() || before.max_forwards() == 0) continue;
        ++seen;
        Forward forward = to_pbx(i % 2 == 0);
        if (const HeaderField* route = before.find(HeaderId::route)) {
            forward.edits.routes_begin = route->value.data();
            while (const HeaderField* next = before.next(*route)) route = next;
            forward.edits.routes_end = route->value.data() + route->value.size();
        }
        const std::string text = forwarded(before, forward);
        ASSERT_EQ(text, forwarded(before, forward)) << "a retransmission comes out byte for byte the same";
        const sample::Message sent(text);
        const MessageView& after = sent.view();
        ASSERT_EQ(after.start_line(), before.start_line());
        ASSERT_EQ(all_but(after, {HeaderId::via, HeaderId::max_forwards, HeaderId::record_route}),
                  all_but(before, {HeaderId::via, HeaderId::max_forwards, HeaderId::record_route}))
            << made.bytes;
        ASSERT_EQ(after.max_forwards(), before.max_forwards() < 0 ? 70 : before.max_forwards() - 1);
        const auto old_vias = vias(before);
        const auto new_vias = vias(after);
        ASSERT_EQ(new_vias.size(), old_vias.size() + 1);
        ASSERT_TRUE(new_vias[0].starts_with("SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bK"));
        for (std::size_t k = 1; k < old_vias.size(); ++k)
            ASSERT_EQ(new_vias[k + 1], old_vias[k]) << "below the top one";
        const auto noted = ViaView::parse(new_vias[1]).value();
        ASSERT_EQ(noted.received, "198.51.100.9");
        ASSERT_EQ(noted.has_rport, before.top_via().has_rport);
        if (noted.has_rport) {
            ASSERT_EQ(noted.rport, "40000");
        }
        ASSERT_EQ(noted.branch, before.top_via().branch);
        ASSERT_EQ(noted.host, before.top_via().host);
        ASSERT_EQ(after.has(HeaderId::record_route), forward.edits.record_route);
        ASSERT_EQ(laws::message_view_law(text), "");
    }
    EXPECT_GT(seen, 2000);
}

TEST(Forward, OfAResponseTakesOffOurViaAlone) {
    oracle::MessageMaker maker(12);
    const std::string ours = "SIP/2.0/UDP 192.0.2.1:5060;branch=z9hG4bKss-x";
    int seen = 0;
    for (int i = 0; i < 4000; ++i) {
        const auto made = maker.make();
        const sample::Message original(made.bytes);
        const MessageView& before = original.view();
        if (before.is_request()) continue;
        ++seen;
        const std::string bytes(before.bytes());
        const HeaderField& via = *before.find(HeaderId::via);
        const auto line_at = static_cast<std::size_t>(via.line.data() - before.bytes().data());
        const auto value_at = static_cast<std::size_t>(via.value.data() - before.bytes().data());
        // As a line of its own in three spellings, and in one line with the next value.
        for (const std::string& line :
             {"Via: " + ours + "\r\n", "v:" + ours + "\r\n", "VIA \t:\r\n " + ours + " \r\n"}) {
            const sample::Message arrived(std::string(bytes).insert(line_at, line));
            std::vector<char> out(70000);
            const auto written = write_response(arrived.view(), Transport::udp, out);
            ASSERT_TRUE(written);
            ASSERT_EQ(std::string(out.data(), written->size), bytes);
        }
        for (const std::string& joined : {ours + ",", ours + " ,\r\n\t"}) {
            const sample::Message arrived(std::string(bytes).insert(value_at, joined));
            std::vector<char> out(70000);
            const auto written = write_response(arrived.view(), Transport::udp, out);
            ASSERT_TRUE(written);
            ASSERT_EQ(std::string(out.data(), written->size), bytes);
        }
    }
    EXPECT_GT(seen, 500);
}

TEST(Forward, NotesTheSourceInTheTopVia) {
    // RFC 3261 §18.2.1, RFC 3581 §4; what a client claims is overwritten, once each.
    const std::pair<const char*, const char*> kCases[] = {
        {"SIP/2.0/UDP 198.51.100.9;branch=x", "SIP/2.0/UDP 198.51.100.9;branch=x"},
        {"SIP/2.0/UDP 192.0.2.7;branch=x", "SIP/2.0/UDP 192.0.2.7;branch=x;received=198.51.100.9"},
        {"SIP/2.0/UDP host.example.com;branch=x",
         "SIP/2.0/UDP host.example.com;branch=x;received=198.51.100.9"},
        {"SIP/2.0/UDP 198.51.100.9;rport;branch=x",
         "SIP/2.0/UDP 198.51.100.9;received=198.51.100.9;rport=40000;branch=x"},
        {"SIP/2.0/UDP 192.0.2.7;branch=x;rport=9",
         "SIP/2.0/UDP 192.0.2.7;branch=x;received=198.51.100.9;rport=40000"},
        {"SIP/2.0/UDP 192.0.2.7;received=203.0.113.1;branch=x;rport",
         "SIP/2.0/UDP 192.0.2.7;received=198.51.100.9;branch=x;rport=40000"},
        {"SIP/2.0/UDP 192.0.2.7;received=203.0.113.1;branch=x",
         "SIP/2.0/UDP 192.0.2.7;received=198.51.100.9;branch=x"},
        {"SIP/2.0/UDP 198.51.100.9;received=203.0.113.1", "SIP/2.0/UDP 198.51.100.9;received=198.51.100.9"},
        {"SIP/2.0/UDP 192.0.2.7, SIP/2.0/UDP other",
         "SIP/2.0/UDP 192.0.2.7;received=198.51.100.9, SIP/2.0/UDP other"},
        {"SIP/2.0/UDP [::ffff:198.51.100.9]", "SIP/2.0/UDP [::ffff:198.51.100.9]"},
    };
    for (const auto& [written, expected] : kCases) {
        sample::Draft draft;
        draft.vias = {std::string("Via: ") + written};
        const sample::Message message = draft.message();
        const std::string text = forwarded(message.view(), to_pbx());
        EXPECT_NE(text.find(std::string("\r\nVia: ") + expected + "\r\n"), std::string::npos) << text;
    }
}

TEST(Forward, PutsRecordRouteAboveAllOthers) {
    sample::Draft draft;
    draft.more = {"Record-Route: <sip:198.51.100.77;lr>"};
    const std::string text = forwarded(draft.message().view(), to_pbx(true));
    EXPECT_LT(text.find("Record-Route: <sip:192.0.2.1:5060;lr;ss="),
              text.find("Record-Route: <sip:198.51.100.77;lr>"));
    draft.more = {};
    draft.vias.insert(draft.vias.begin(), "Record-Route: <sip:198.51.100.77;lr>");
    const std::string above = forwarded(draft.message().view(), to_pbx(true));
    EXPECT_LT(above.find("Record-Route: <sip:192.0.2.1:5060;lr;ss="),
              above.find("Record-Route: <sip:198.51.100.77;lr>"));
}

TEST(Forward, TakesOffRouteValues) {
    const std::vector<std::string> lines = {"Route: <sip:a;lr>, <sip:b;lr>", "Subject: x",
                                            "ROUTE : <sip:c;lr> , <sip:d;lr>"};
    sample::Draft draft;
    draft.more = lines;
    const sample::Message message = draft.message();
    const auto with_routes = [&](const char* first, const char* behind) {
        Forward forward = to_pbx();
        const std::string_view bytes = message.view().bytes();
        if (*first != '\0') {
            forward.edits.routes_begin = bytes.data() + bytes.find(first);
            forward.edits.routes_end = bytes.data() + bytes.find(behind) + std::string_view(behind).size();
        }
        std::string out = forwarded(message.view(), forward);
        out = out.substr(out.find("CSeq"));
        return out.substr(out.find("\r\n") + 2);
    };
    EXPECT_EQ(with_routes("<sip:a;lr>", "<sip:d;lr>"),
              lines[0] + "\r\n" + lines[1] + "\r\n" + lines[2] + "\r\n\r\n");
    EXPECT_EQ(with_routes("<sip:b;lr>", "<sip:d;lr>"),
              "Route: <sip:b;lr>\r\nSubject: x\r\n" + lines[2] + "\r\n\r\n");
    EXPECT_EQ(with_routes("<sip:c;lr>", "<sip:d;lr>"), "Subject: x\r\n" + lines[2] + "\r\n\r\n");
    EXPECT_EQ(with_routes("<sip:d;lr>", "<sip:d;lr>"), "Subject: x\r\nROUTE : <sip:d;lr>\r\n\r\n");
    EXPECT_EQ(with_routes("<sip:b;lr>", "<sip:c;lr>"),
              "Route: <sip:b;lr>\r\nSubject: x\r\nROUTE : <sip:c;lr>\r\n\r\n");
    EXPECT_EQ(with_routes("", ""), "Subject: x\r\n\r\n");
}

TEST(Forward, StripsTheDialogHeadersAndTheirOptionTags) {
    const struct {
        std::vector<std::string> before, after;
    } kCases[] = {
        {{"Replaces: x;to-tag=1;from-tag=2", "Require: replaces"}, {}},
        {{"Require: 100rel, replaces"}, {"Require: 100rel"}},
        {{"Require: replaces , 100rel"}, {"Require: 100rel"}},
        {{"Require: REPLACES,\r\n 100rel,join"}, {"Require: 100rel"}},
        {{"Require: 100rel,timer"}, {"Require: 100rel,timer"}},
        {{"Require: replaces", "Require: timer"}, {"Require: timer"}},
        {{"Supported: replaces, timer"}, {"Supported: replaces, timer"}},
        {{"Join: x;to-tag=1;from-tag=2", "Target-Dialog: x;local-tag=1;remote-tag=2", "Subject: x"},
         {"Subject: x"}},
        {{"Require: replaces;x"}, {"Require: replaces;x"}},
    };
    for (const auto& c : kCases) {
        sample::Draft draft;
        draft.more = c.before;
        Forward forward = to_pbx();
        forward.edits.strip = Strip::dialog_headers;
        std::string out = forwarded(draft.message().view(), forward);
        out = out.substr(out.find("CSeq: 1 INVITE\r\n") + 16);
        std::string expected;
        for (const std::string& line : c.after) expected += line + "\r\n";
        EXPECT_EQ(out, expected + "\r\n") << c.before.front();
    }
}

TEST(Forward, ChangesTheRequestUri) {
    const struct {
        const char* uri;
        const char* request_uri;
        const char* request_user;
        bool strip_maddr;
        const char* expected;
    } kCases[] = {
        {"sip:bob@h", "", "", false, "sip:bob@h"},
        {"sip:bob@h", "sip:x@y", "", false, "sip:x@y"},
        {"sip:bob:pw@h:5070;transport=tcp?a=b", "", "ann", false, "sip:ann@h:5070;transport=tcp?a=b"},
        {"sip:h", "", "ann", false, "sip:ann@h"},
        {"SIPS:[2001:db8::1]:5061;x", "", "ann", false, "SIPS:ann@[2001:db8::1]:5061;x"},
        {"sip:bob@h", "sip:y:5090;lr", "ann", false, "sip:ann@y:5090;lr"},
        {"sip:bob@h:5070;maddr=192.0.2.1;transport=udp;x=1", "", "", true, "sip:bob@h;x=1"},
        {"sip:bob@h;x;MADDR=192.0.2.1?a=b", "", "", true, "sip:bob@h;x?a=b"},
    };
    for (const auto& c : kCases) {
        sample::Draft draft;
        draft.start = std::string("INVITE ") + c.uri + " SIP/2.0";
        Forward forward = to_pbx();
        forward.edits.request_uri = c.request_uri;
        forward.edits.request_user = c.request_user;
        forward.edits.strip_maddr = c.strip_maddr;
        const std::string text = forwarded(draft.message().view(), forward);
        EXPECT_EQ(text.substr(0, text.find("\r\n")), std::string("INVITE ") + c.expected + " SIP/2.0");
    }
}

TEST(Forward, TellsTheServersTheSource) {
    Snapshot snapshot = sample::snapshot();
    snapshot.routing.source_header = "X-Source";
    sample::Draft draft;
    draft.more = {"x-source: forged", "X-SOURCE \t:\r\n also forged", "X-Sources: kept"};
    const sample::Message message = draft.message();
    const std::string text = forwarded(message.view(), to_pbx(), kPhone, snapshot);
    EXPECT_EQ(text.find("forged"), std::string::npos);
    EXPECT_TRUE(text.ends_with("X-Sources: kept\r\nX-Source: 198.51.100.9\r\n\r\n")) << text;
    const Source server{sample::endpoint("10.0.0.2"), 0, ServerIndex{1}};
    EXPECT_NE(forwarded(message.view(), to_pbx(), server, snapshot).find("x-source: forged"),
              std::string::npos);
}

TEST(Forward, SaysWhenItDoesNotFit) {
    const sample::Message message = sample::Draft{}.message();
    const std::string whole = forwarded(message.view(), to_pbx());
    for (std::size_t room = 0; room <= whole.size(); ++room) {
        std::vector<char> out(room + 1);
        const auto size =
            write_request(message.view(), kPhone, to_pbx(), sample::snapshot(), std::span(out).first(room));
        ASSERT_EQ(size.has_value(), room == whole.size()) << room;
    }
}

}  // namespace
}  // namespace sipsteer
