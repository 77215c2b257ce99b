// The generator must see each mistake that a proxy can make: a small proxy in memory makes them one by one.

#include <gtest/gtest.h>

#include <functional>
#include <string>

#include "bench/load/ends.hpp"
#include "bench/load/memory_transport.hpp"

namespace sipsteer::load {
namespace {

constexpr std::uint32_t kRun = 7;
constexpr std::string_view kOwnVia = "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bKown\r\n";
constexpr std::string_view kOwnRoute = "<sip:127.0.0.1:5060;lr>";

std::string without(std::string text, const std::string& part) {
    const std::size_t at = text.find(part);
    return at == std::string::npos ? text : text.erase(at, part.size());
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const std::size_t at = text.find(from);
    return at == std::string::npos ? text : text.replace(at, from.size(), to);
}

using Passed = MemoryTransport::Passed;

/// The phone whose address stands first in `bytes`: in a request's URI, in a response's Via.
PortIndex phone_in(const Options& options, std::string_view bytes) {
    bytes.remove_prefix(bytes.find("127.0.2."));
    const auto address = parse_address(bytes.substr(0, bytes.find_first_not_of("0123456789.:")));
    return static_cast<PortIndex>(options.servers + (address.value().ip - options.first_phone.ip));
}

/// A proxy that does everything right, with all calls on server `server` and phones by Via.
Passed pass(const Options& options, PortIndex from, const std::string& bytes) {
    ReceivedMessage message;
    EXPECT_TRUE(message.read(bytes));
    if (message.status != 0) {
        const std::string stripped = without(bytes, std::string{kOwnVia});
        if (from >= options.servers) return {0, stripped};
        return {phone_in(options, stripped), stripped};
    }
    std::string out = without(bytes, "Route: " + std::string{kOwnRoute} + "\r\n");
    out = replaced(out, "Max-Forwards: 70", "Max-Forwards: 69");
    out.insert(out.find("\r\n") + 2, kOwnVia);
    if (message.method() == "INVITE")
        out.insert(out.find("Max-"), "Record-Route: " + std::string{kOwnRoute} + "\r\n");
    if (from >= options.servers) return {0, out};
    return {phone_in(options, out), out};
}

/// Two phones and two servers around a proxy whose mistakes are `spoil`.
class Checks : public testing::Test {
  protected:
    using Spoil = std::function<void(PortIndex from, Passed&)>;

    /// The faults of one call of `mode` (a transfer is two).
    void play(
        Mode mode, Spoil spoil = [](PortIndex, Passed&) {}) {
        options_.mode = mode;
        options_.phones = options_.servers = 2;
        MemoryTransport transport{[&](PortIndex from, const std::string& bytes) {
            Passed passed = pass(options_, from, bytes);
            spoil(from, passed);
            return passed;
        }};
        MessageWriter writer{options_, kRun};
        CallBook calls{16, kRun};
        Stage stage{options_, transport, writer, calls, faults_, tally_};
        Ends ends{stage};
        ends.phones().begin(clock_now(), clock_now());
        transport.turn(0, ends);
    }

    Options options_;
    Faults faults_;
    Tally tally_;
};

TEST_F(Checks, ACallHasSevenMessagesAndNoFault) {
    play(Mode::calls);
    EXPECT_EQ(faults_.first(), "");
    EXPECT_EQ(tally_.counts.messages, 7U);
    EXPECT_EQ(tally_.counts.completed, 1U);
    EXPECT_EQ(tally_.one_way.count(), 7U);
    EXPECT_EQ(tally_.set_up.count(), 1U);
}

TEST_F(Checks, ATransferHasThirteen) {
    play(Mode::transfers);
    EXPECT_EQ(faults_.first(), "");
    EXPECT_EQ(tally_.counts.messages, 13U);
    EXPECT_EQ(tally_.counts.completed, 2U);
    EXPECT_EQ(tally_.counts.transfers, 1U);
}

TEST_F(Checks, OneWayIsOneMessage) {
    play(Mode::one_way);
    EXPECT_EQ(faults_.first(), "");
    EXPECT_EQ(tally_.counts.messages, 1U);
    EXPECT_EQ(tally_.counts.completed, 1U);
}

TEST_F(Checks, AnInviteOf905Bytes) {
    const MessageWriter writer{options_, kRun};
    char buffer[kMaxMessage];
    Text text{buffer};
    writer.invite(text, Call{}, nullptr);
    EXPECT_NEAR(static_cast<double>(text.size()), 905, 10);
}

struct Mistake {
    const char* name;
    Fault fault;
    Mode mode;
    std::function<void(PortIndex, Passed&)> make;
};

/// In messages that begin with `start`.
std::function<void(PortIndex, Passed&)> in(std::string start, std::function<void(Passed&)> spoil) {
    return [start = std::move(start), spoil = std::move(spoil)](PortIndex, Passed& passed) {
        if (passed.bytes.starts_with(start)) spoil(passed);
    };
}

class MistakesTest : public Checks, public testing::WithParamInterface<Mistake> {};

TEST_P(MistakesTest, IsSeen) {
    play(GetParam().mode, GetParam().make);
    EXPECT_GE(faults_.count(GetParam().fault), 1U) << faults_.first();
}

const Mistake kMistakes[] = {
    {"NoVia", Fault::via_not_added, Mode::calls,
     in("ACK", [](Passed& p) { p.bytes = without(p.bytes, std::string{kOwnVia}); })},
    {"ViaLeft", Fault::via_not_stripped, Mode::calls,
     in("SIP/2.0 180", [](Passed& p) { p.bytes.insert(p.bytes.find("\r\n") + 2, kOwnVia); })},
    {"LowerViaChanged", Fault::lower_via_changed, Mode::one_way,
     in("INVITE",
        [](Passed& p) { p.bytes = replaced(p.bytes, "received=192.0.2.1", "received=192.0.2.9"); })},
    {"LowerViaOfAnAnswer", Fault::lower_via_changed, Mode::calls,
     in("SIP/2.0 200",
        [](Passed& p) { p.bytes = replaced(p.bytes, "received=192.0.2.1", "received=192.0.2.9"); })},
    {"MaxForwards", Fault::max_forwards, Mode::calls,
     in("BYE", [](Passed& p) { p.bytes = replaced(p.bytes, "Max-Forwards: 69", "Max-Forwards: 70"); })},
    {"RouteLeft", Fault::route_left, Mode::calls,
     in("BYE",
        [](Passed& p) {
            p.bytes.insert(p.bytes.find("\r\n") + 2, "Route: " + std::string{kOwnRoute} + "\r\n");
        })},
    {"NoRecordRoute", Fault::no_record_route, Mode::calls,
     in("INVITE",
        [](Passed& p) { p.bytes = without(p.bytes, "Record-Route: " + std::string{kOwnRoute} + "\r\n"); })},
    {"WrongServer", Fault::wrong_server, Mode::calls, in("BYE", [](Passed& p) { p.to = 1; })},
    {"WrongOwner", Fault::wrong_owner, Mode::transfers,
     [](PortIndex, Passed& p) {
         if (p.bytes.find("\r\nReplaces: ") != std::string::npos) p.to = 1;
     }},
    {"WrongPhone", Fault::wrong_phone, Mode::calls,
     in("SIP/2.0 200", [](Passed& p) { p.to = static_cast<PortIndex>(5 - p.to); })},
    {"ByeToTheWrongPhone", Fault::wrong_phone, Mode::transfers,
     [](PortIndex from, Passed& p) {
         if (from < 2 && p.bytes.starts_with("BYE")) p.to = static_cast<PortIndex>(5 - p.to);
     }},
    {"BodyChanged", Fault::body_changed, Mode::calls, in("INVITE", [](Passed& p) { p.bytes.pop_back(); })},
    {"BodyOfAnAnswer", Fault::body_changed, Mode::calls,
     in("SIP/2.0 200", [](Passed& p) { p.bytes += "x"; })},
    {"FromChanged", Fault::dialog_changed, Mode::calls,
     in("INVITE", [](Passed& p) { p.bytes = replaced(p.bytes, ";tag=p", ";tag=q"); })},
    {"CallIdChanged", Fault::unknown_call, Mode::calls,
     in("ACK", [](Passed& p) { p.bytes = replaced(p.bytes, "@phones", "_phones"); })},
    {"Refused", Fault::unexpected_status, Mode::calls,
     in("SIP/2.0 200", [](Passed& p) { p.bytes = replaced(p.bytes, "200 OK", "481 No"); })},
};

INSTANTIATE_TEST_SUITE_P(All, MistakesTest, testing::ValuesIn(kMistakes),
                         [](const auto& mistake) { return std::string{mistake.param.name}; });

}  // namespace
}  // namespace sipsteer::load
