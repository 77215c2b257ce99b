#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config_loader.hpp"

namespace sipsteer {
namespace {

/// A config that is right: 4 lines, so that what a case adds starts on line 5.
constexpr std::string_view kGood = R"([listen]
udp = ["127.0.0.1:5060"]
[[server]]
name = "pbx-1"
uri = "sip:127.0.1.1:5060"
)";

std::vector<std::string> errors_of(const std::string& toml) {
    std::vector<std::string> lines;
    for (const auto& error : load_config_text(toml, "x.toml").errors) lines.push_back(to_string(error));
    return lines;
}

std::vector<std::string> warnings_of(const std::string& toml) {
    std::vector<std::string> lines;
    for (const auto& warning : load_config_text(toml, "x.toml").warnings) lines.push_back(to_string(warning));
    return lines;
}

struct Case {
    std::string_view what;
    std::string_view added;  ///< behind kGood, from line 6 on
    std::vector<std::string> errors;
};

const Case kCases[] = {
    {"nothing wrong", "", {}},
    {"unknown key, near one",
     "[transfer]\nfallbak = \"x\"\n",
     {"x.toml:7:1: transfer.fallbak: unknown key; did you mean \"fallback\"?"}},
    {"swapped letters in a server",
     "wieght = 1\n",
     {"x.toml:6:1: server.wieght: unknown key; did you mean \"weight\"?"}},
    {"unknown key, nothing near", "[log]\nzzzzzz = 1\n", {"x.toml:7:1: log.zzzzzz: unknown key"}},
    {"key of another section",
     "[routing]\nunmatched = \"reject\"\n",
     {"x.toml:7:1: routing.unmatched: unknown key; there is one in [transfer]"}},
    {"key of a list section",
     "[routing]\nweight = 1\n",
     {"x.toml:7:1: routing.weight: unknown key; there is one in [[server]]"}},
    {"unknown section",
     "[transfers]\n",
     {"x.toml:6:2: transfers: unknown section; did you mean \"transfer\"?"}},
    {"key of a section at the top",
     "[level]\n",
     {"x.toml:6:2: level: unknown section; there is one in [log]"}},
    {"section as a list", "[[log]]\n", {"x.toml:6:1: log: stands once only: write [log]"}},
    {"list section as a section",
     "[route]\ngroup = \"default\"\n",
     {"x.toml:6:1: route: is a list of sections: write [[route]]"}},
    {"wrong type",
     "[process]\nworkers = \"4\"\n",
     {"x.toml:7:11: process.workers: expected an integer, not text"}},
    {"out of range",
     "[process]\nworkers = 0\n",
     {"x.toml:7:11: process.workers: 0 is not between 1 and 256"}},
    {"boolean as text",
     "[routing]\nrecord_route = \"yes\"\n",
     {"x.toml:7:16: routing.record_route: expected true or false, not text"}},
    {"text as a number", "[listen.x]\n", {"x.toml:6:9: listen.x: unknown key"}},
    {"text in place of a list",
     "[routing]\ndomains = \"example.com\"\n",
     {"x.toml:7:11: routing.domains: expected a list, not text; write [\"example.com\"]"}},
    {"list of numbers",
     "[routing]\ndomains = [1]\n",
     {"x.toml:7:11: routing.domains: expected a list of texts, not an integer"}},
    {"word, near one",
     "[transfer]\nunmatched = \"fallbak\"\n",
     {"x.toml:7:13: transfer.unmatched: \"fallbak\" is none of fallback, reject, forward, strip; did you "
      "mean "
      "\"fallback\"?"}},
    {"word, other case",
     "[log]\nlevel = \"INFO\"\n",
     {"x.toml:7:9: log.level: \"INFO\" is none of trace, debug, info, warning, error, off; did you mean "
      "\"info\"?"}},
    {"words of each key",
     "state = \"up\"\n[routing]\nplacement = \"random\"\n[transfer]\nowner_down = \"wait\"\nringing = "
     "\"off\"\n"
     "[tls]\nsips = \"\"\n[nat]\npath = \"never\"\n",
     {"x.toml:6:9: server.state: \"up\" is none of ready, drain, maint",
      "x.toml:8:13: routing.placement: \"random\" is none of hash, round-robin, least-calls",
      "x.toml:10:14: transfer.owner_down: \"wait\" is none of reject, fallback",
      "x.toml:11:11: transfer.ringing: \"off\" is none of forward, wait",
      "x.toml:13:8: tls.sips: \"\" is none of strict, terminate",
      "x.toml:15:8: nat.path: \"never\" is none of auto, always, off"}},
    {"duration without unit",
     "[calls]\nttl = 30\n",
     {"x.toml:7:7: calls.ttl: 30 has no unit: write ms, s, m or h, as \"30s\""}},
    {"duration of an unknown unit",
     "[calls]\nttl = \"1d\"\n",
     {"x.toml:7:7: calls.ttl: \"1d\" is no duration: write an integer with ms, s, m or h, as \"30s\""}},
    {"duration of a wrong type",
     "[calls]\nttl = true\n",
     {"x.toml:7:7: calls.ttl: expected a duration as \"30s\", not true or false"}},
    {"status codes",
     "[health]\nup_codes = [200, \"404\", 99]\n",
     {"x.toml:7:12: health.up_codes: a final SIP status code is between 200 and 699"}},
    {"server without name and uri",
     "[[server]]\nweight = 2\n",
     {"x.toml:6:1: server.name: is required", "x.toml:6:1: server.uri: is required"}},
    {"server name twice",
     "[[server]]\nname = \"pbx-1\"\nuri = \"sip:127.0.1.2\"\n",
     {"x.toml:7:8: server.name: \"pbx-1\" is the name of server 1 already"}},
    {"server name with a blank",
     "[[server]]\nname = \"pbx 2\"\nuri = \"sip:127.0.1.2\"\n",
     {"x.toml:7:8: server.name: \"pbx 2\": a name has 1 to 64 letters, digits, - _ and dots"}},
    {"server address twice, the port as default",
     "[[server]]\nname = \"pbx-2\"\nuri = \"sip:127.0.1.1\"\n",
     {"x.toml:8:7: server.uri: \"sip:127.0.1.1\" is the address of \"pbx-1\" already"}},
    {"server name twice by case of the host",
     "[[server]]\nname = \"a\"\nuri = \"sip:Pbx.example.com\"\n[[server]]\nname = \"b\"\nuri = "
     "\"sip:pbx.EXAMPLE.com:5060\"\n",
     {"x.toml:11:7: server.uri: \"sip:pbx.EXAMPLE.com:5060\" is the address of \"a\" already"}},
    {"server that is us",
     "[[server]]\nname = \"a\"\nuri = \"sip:127.0.0.1\"\n",
     {"x.toml:8:7: server.uri: \"sip:127.0.0.1\" is our own listener udp:127.0.0.1:5060"}},
    {"server without scheme",
     "[[server]]\nname = \"a\"\nuri = \"127.0.1.2:5060\"\n",
     {"x.toml:8:7: server.uri: \"127.0.1.2:5060\": not a SIP URI; write \"sip:HOST[:PORT]\""}},
    {"server of another scheme",
     "[[server]]\nname = \"a\"\nuri = \"tel:+49123\"\n",
     {"x.toml:8:7: server.uri: \"tel:+49123\": the scheme is not sip or sips; write \"sip:HOST[:PORT]\""}},
    {"server with maddr",
     "[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.2;maddr=127.0.1.3\"\n",
     {"x.toml:8:7: server.uri: \"sip:127.0.1.2;maddr=127.0.1.3\": maddr is not supported; write that host in "
      "its "
      "place"}},
    {"server with an unknown parameter",
     "[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.2;ttl=1\"\n",
     {"x.toml:8:7: server.uri: \"sip:127.0.1.2;ttl=1\": the parameter \"ttl\" is not supported"}},
    {"server with a user",
     "[[server]]\nname = \"a\"\nuri = \"sip:bob@127.0.1.2\"\n",
     {"x.toml:8:7: server.uri: \"sip:bob@127.0.1.2\": a server has no user part"}},
    {"server with headers",
     "[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.2?Subject=x\"\n",
     {"x.toml:8:7: server.uri: \"sip:127.0.1.2?Subject=x\": a URI with headers (?...) cannot be used here"}},
    {"server port too large",
     "[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.2:65536\"\n",
     {"x.toml:8:7: server.uri: \"sip:127.0.1.2:65536\": \"127.0.1.2:65536\": the port \"65536\" is not "
      "between 1 and "
      "65535"}},
    {"server address that is none",
     "[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.300\"\n",
     {"x.toml:8:7: server.uri: \"sip:127.0.1.300\": \"127.0.1.300\" is not an IP address"}},
    {"server of a transport that is not there",
     "[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.2;transport=tcp\"\n",
     {"x.toml:8:7: server.uri: \"sip:127.0.1.2;transport=tcp\": there is no tcp listener for what comes "
      "back: "
      "write [listen] tcp = [\"IP:PORT\"]"}},
    {"sips server",
     "[[server]]\nname = \"a\"\nuri = \"sips:pbx.example.com\"\n",
     {"x.toml:8:7: server.uri: \"sips:pbx.example.com\": there is no tls listener for what comes back: write "
      "[listen] tls = [\"IP:PORT\"]"}},
    {"server of an unknown transport",
     "[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.2;transport=sctp\"\n",
     {"x.toml:8:7: server.uri: \"sip:127.0.1.2;transport=sctp\": the transport is not udp, tcp or tls"}},
    {"weight below 0", "weight = -1\n", {"x.toml:6:10: server.weight: -1 is not between 0 and 1000000"}},
    {"weight with a fraction",
     "weight = 1.5\n",
     {"x.toml:6:10: server.weight: expected an integer, not a number with a fraction"}},
    {"expand and a port",
     "expand = \"srv\"\n",
     {"x.toml:6:10: server.expand: \"sip:127.0.1.1:5060\": only a name without a port has SRV records (RFC "
      "3263)"}},
    {"expand and sources",
     "[[server]]\nname = \"pbx\"\nuri = \"sip:pbx.example.com\"\nexpand = \"srv\"\nsources = "
     "[\"10.0.0.0/8\"]\n",
     {"x.toml:10:11: server.sources: would be those of every target: nobody could tell them apart"}},
    {"several servers are no fallback",
     "[[server]]\nname = \"pbx\"\nuri = \"sip:pbx.example.com\"\nexpand = \"srv\"\n[transfer]\nfallback = "
     "\"pbx\"\n",
     {"x.toml:11:12: transfer.fallback: \"pbx\" stands for several servers: name its group"}},
    {"sources",
     "sources = [\"10.0.0.0/8\", \"10.0.0.0/33\", \"10.0.0.1:0\", \"pbx\", \"[2001:db8::/32]:5060\"]\n",
     {"x.toml:6:26: server.sources: \"10.0.0.0/33\": the prefix is not between 0 and 32",
      "x.toml:6:41: server.sources: \"10.0.0.1:0\": the port \"0\" is not between 1 and 65535",
      "x.toml:6:55: server.sources: \"pbx\": not an IP address or CIDR block"}},
    {"allow_from",
     "[transfer]\nallow_from = [\"server\", \"servers\", \"::/129\"]\n",
     {"x.toml:7:15: transfer.allow_from: \"server\": not an IP address or CIDR block; did you mean "
      "\"servers\"?",
      "x.toml:7:36: transfer.allow_from: \"::/129\": the prefix is not between 0 and 128"}},
    {"group of a route",
     "[[route]]\ngroup = \"defalt\"\n",
     {"x.toml:7:9: route.group: no server is in group \"defalt\"; did you mean \"default\"?"}},
    {"route without a group", "[[route]]\nuser_prefix = \"+49\"\n", {"x.toml:6:1: route.group: is required"}},
    {"listener of a route",
     "[[route]]\ngroup = \"default\"\nlistener = \"udp:127.0.0.1:5061\"\n",
     {"x.toml:8:12: route.listener: \"udp:127.0.0.1:5061\" is no listener; did you mean "
      "\"udp:127.0.0.1:5060\"?"}},
    {"source and domain of a route",
     "[[route]]\ngroup = \"default\"\nsource = \"x\"\ndomain = \"example.com:5060\"\n",
     {"x.toml:8:10: route.source: \"x\": not an IP address or CIDR block",
      "x.toml:9:10: route.domain: \"example.com:5060\": a domain has no port"}},
    {"fallback that is nothing",
     "[transfer]\nfallback = \"pbx-2\"\n",
     {"x.toml:7:12: transfer.fallback: \"pbx-2\" is neither a SIP URI nor a server's or group's name; did "
      "you mean "
      "\"pbx-1\"?"}},
    {"fallback URI that is broken",
     "[transfer]\nfallback = \"sip:a@b:0\"\n",
     {"x.toml:7:12: transfer.fallback: \"sip:a@b:0\": \"b:0\": the port \"0\" is not between 1 and 65535"}},
    {"fallback URI of a transport that is not there",
     "[transfer]\nfallback = \"sip:a@b;transport=tls\"\n",
     {"x.toml:7:12: transfer.fallback: \"sip:a@b;transport=tls\": there is no tls listener for what comes "
      "back: write [listen] tls = [\"IP:PORT\"]"}},
    {"rewrite_user",
     "[transfer]\nrewrite_user = \"a b\"\nrewrite_user_if_empty = \"x%2\"\n",
     {"x.toml:7:16: transfer.rewrite_user: \"a b\" is no user part of a URI",
      "x.toml:8:25: transfer.rewrite_user_if_empty: \"x%2\" is no user part of a URI"}},
    {"affinity",
     "[routing]\naffinity = \"callid\"\n",
     {"x.toml:7:12: routing.affinity: \"callid\" is none of call-id, user, header:NAME; did you mean "
      "\"call-id\"?"}},
    {"affinity header",
     "[routing]\naffinity = \"header:X Y\"\n",
     {"x.toml:7:12: routing.affinity: \"X Y\" is no header name"}},
    {"source header",
     "[routing]\nsource_header = \"Via\"\n",
     {"x.toml:7:17: routing.source_header: \"Via\" is a header of SIP itself"}},
    {"source header with a compact form",
     "[routing]\nsource_header = \"subject\"\n",
     {"x.toml:7:17: routing.source_header: \"subject\" is a header of SIP itself"}},
    {"domains",
     "[routing]\ndomains = [\"example.com\", \"exa mple\", \"a:1\"]\n",
     {"x.toml:7:27: routing.domains: \"exa mple\" is neither an IP address nor a host name",
      "x.toml:7:39: routing.domains: \"a:1\": a domain has no port"}},
    {"record_route with what needs it",
     "[routing]\nrecord_route = false\nplacement = \"least-calls\"\n[nat]\npath = \"always\"\n",
     {"x.toml:7:16: routing.record_route: false does not go with placement = \"least-calls\": the end of "
      "calls would "
      "not be seen",
      "x.toml:7:16: routing.record_route: false does not go with nat.path = \"always\""}},
    {"limits",
     "[limits]\nmessage_bytes = 65536\nheaders = 0\nrate_per_source = -1\n",
     {"x.toml:7:17: limits.message_bytes: 65536 is not between 1024 and 65535",
      "x.toml:8:11: limits.headers: 0 is not between 8 and 254",
      "x.toml:9:19: limits.rate_per_source: -1 is not between 0 and 4294967295"}},
    {"store",
     "[store]\nurl = \"http://x\"\ndeadline = 0\n",
     {"x.toml:7:7: store.url: \"http://x\" does not start with one of redis://, rediss://, redis+cluster://, "
      "redis+sentinel://"}},
    {"peers",
     "[cluster]\nnode = \"n3\"\npeers = [\"n1=10.0.0.1:5060\", \"n2\", \"n1=10.0.0.2\"]\n",
     {"x.toml:8:30: cluster.peers: \"n2\" is not NAME=HOST:PORT",
      "x.toml:8:36: cluster.peers: \"n1=10.0.0.2\": the port is missing",
      "x.toml:8:36: cluster.peers: \"n1\" stands twice"}},
    {"node",
     "[cluster]\nnode = \"n3\"\npeers = [\"n1=10.0.0.1:5060\"]\n",
     {"x.toml:7:8: cluster.node: \"n3\" is not among peers; did you mean \"n1\"?"}},
    {"peers without node",
     "[cluster]\npeers = [\"n1=10.0.0.1:5060\"]\n",
     {"x.toml:6:1: cluster.node: is required with peers"}},
    {"hep",
     "[hep]\ncapture_address = \"10.0.0.1\"\n",
     {"x.toml:7:19: hep.capture_address: \"10.0.0.1\": the port is missing"}},
    {"files",
     "[process]\nkey_file = \"/nonexistent/key\"\n[tls]\ncertificate = \"/nonexistent/cert.pem\"\n",
     {"x.toml:7:12: process.key_file: \"/nonexistent/key\": there is no such directory",
      "x.toml:8:1: tls.private_key: is required with certificate",
      "x.toml:9:15: tls.certificate: \"/nonexistent/cert.pem\" does not exist or is no file"}},
    {"listener without bind", "[[listener]]\nside = \"both\"\n", {"x.toml:6:1: listener.bind: is required"}},
    {"listener twice",
     "[[listener]]\nbind = \"127.0.0.1:5060\"\n",
     {"x.toml:7:8: listener.bind: udp:127.0.0.1:5060 is a listener already"}},
    {"advertised address that is none",
     "[[listener]]\nbind = \"127.0.0.1:5070\"\nadvertise = \"0.0.0.0\"\n",
     {"x.toml:8:13: listener.advertise: nobody can answer to \"0.0.0.0\""}},
    {"control bytes in a message",
     "group = \"a\\u0007\\nb\"\n",
     {"x.toml:6:9: server.group: \"a\\x07\\x0ab\": a name has 1 to 64 letters, digits, - _ and dots"}},
    {"many at once, in order of place",
     "[log]\nlevel = \"x\"\n[process]\nworkers = -1\n[calls]\nmax = 0\n",
     {"x.toml:7:9: log.level: \"x\" is none of trace, debug, info, warning, error, off",
      "x.toml:9:11: process.workers: -1 is not between 1 and 256",
      "x.toml:11:7: calls.max: 0 is not between 1 and 100000000"}},
};

TEST(ConfigErrors, EachCaseGivesItsLines) {
    for (const auto& c : kCases) {
        EXPECT_EQ(errors_of(std::string(kGood) + std::string(c.added)), c.errors) << c.what;
    }
}

TEST(ConfigErrors, Listen) {
    const std::string server = "\n[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.1\"\n";
    const auto errors = [&server](const std::string& listen) {
        return errors_of("[listen]\n" + listen + server);
    };
    using Lines = std::vector<std::string>;
    EXPECT_EQ(errors(""), Lines{"x.toml:1:1: listen: no listener: write [listen] udp = [\"IP:PORT\"]"});
    EXPECT_EQ(errors("udp = [\"127.0.0.1:0\"]"),
              Lines{"x.toml:2:8: listen.udp: \"127.0.0.1:0\": the port \"0\" is not between 1 and 65535"});
    EXPECT_EQ(
        errors("udp = [\"127.0.0.1:65536\"]"),
        Lines{"x.toml:2:8: listen.udp: \"127.0.0.1:65536\": the port \"65536\" is not between 1 and 65535"});
    EXPECT_EQ(errors("udp = [\"127.0.0.1\"]"),
              Lines{"x.toml:2:8: listen.udp: \"127.0.0.1\": the port is missing"});
    EXPECT_EQ(errors("udp = [\"localhost:5060\"]"),
              Lines{"x.toml:2:8: listen.udp: \"localhost:5060\": \"localhost\" is not an IP address; write "
                    "127.0.0.1"});
    EXPECT_EQ(
        errors("udp = [\"*:5060\"]"),
        Lines{
            "x.toml:2:8: listen.udp: \"*:5060\": \"*\" is not an IP address; write 0.0.0.0 or [::] for every "
            "address"});
    EXPECT_EQ(
        errors("udp = [\"::1:5060:x\"]"),
        Lines{"x.toml:2:8: listen.udp: \"::1:5060:x\": more than one colon; write IPv6 as [ADDRESS]:PORT"});
    EXPECT_EQ(errors("udp = [\"[::1\"]"), Lines{"x.toml:2:8: listen.udp: \"[::1\": the ] is missing"});
    EXPECT_EQ(errors("udp = [\"tcp:127.0.0.1:5060\"]"),
              Lines{"x.toml:2:8: listen.udp: \"tcp:127.0.0.1:5060\": a tcp address in the list of udp"});
    EXPECT_EQ(errors("udp = [\"upd:127.0.0.1:5060\"]"),
              Lines{"x.toml:2:8: listen.udp: \"upd:127.0.0.1:5060\": unknown transport \"upd\"; did you mean "
                    "\"udp\"?"});
    EXPECT_EQ(errors("udp = \"127.0.0.1:5060\""),
              Lines{"x.toml:2:7: listen.udp: expected a list, not text; write [\"127.0.0.1:5060\"]"});
    EXPECT_EQ(errors("udp = [\"127.0.0.1:5060\", \"udp:127.0.0.1:5060\"]"),
              Lines{"x.toml:2:26: listen.udp: udp:127.0.0.1:5060 is a listener already"});
    EXPECT_EQ(errors("tls = [\"127.0.0.1:5061\"]"),
              Lines{"x.toml:2:7: listen.tls: needs [tls] certificate and private_key"});
    const std::string udp = "udp = [\"127.0.0.1:5060\", \"[::1]:5060\"]\n";
    EXPECT_EQ(errors(udp), Lines{});
    EXPECT_EQ(errors(udp + "http = \"8060\""),
              Lines{"x.toml:3:8: listen.http: \"8060\": \"8060\" is not an IP address"});
    EXPECT_EQ(errors(udp + "advertise = \"proxy.example.com:x\""),
              Lines{"x.toml:3:13: listen.advertise: \"proxy.example.com:x\": the port \"x\" is not between 1 "
                    "and 65535"});
    EXPECT_EQ(errors(udp + "aliases = [\"a\", \"b:0\"]"),
              Lines{"x.toml:3:17: listen.aliases: \"b:0\": the port \"0\" is not between 1 and 65535"});
    EXPECT_EQ(errors(udp + "dscp = 64"), Lines{"x.toml:3:8: listen.dscp: 64 is not between 0 and 63"});
}

TEST(ConfigErrors, LongTextIsCutBetweenCharacters) {
    const auto euros = [](int count) {
        std::string text;
        for (int i = 0; i < count; ++i) text += "\u20ac";
        return text;
    };
    EXPECT_EQ(in_quotes(euros(30)), "\"" + euros(26) + "...\"");
    EXPECT_EQ(in_quotes(std::string(80, 'x')), "\"" + std::string(80, 'x') + "\"");
}

TEST(ConfigErrors, NoServer) {
    EXPECT_EQ(errors_of("[listen]\nudp = [\"127.0.0.1:5060\"]\n"),
              std::vector<std::string>{"x.toml:1:1: server: no server: write [[server]] with name and uri"});
}

TEST(ConfigErrors, StreamListenersRefuseNoRecordRoute) {
    const auto lines = errors_of(std::string(kGood) +
                                 "[routing]\nrecord_route = false\n[[listener]]\nbind = "
                                 "\"tcp:127.0.0.1:5060\"\n");
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(
        lines[0],
        "x.toml:7:16: routing.record_route: false does not go with stream listeners: in-dialog requests "
        "must come back to the flow");
}

TEST(ConfigErrors, SyntaxErrorHasItsPlace) {
    const auto lines = errors_of("[listen]\nudp = [\"127.0.0.1:5060\"\n[log]\n");
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_EQ(lines[0].substr(0, 18), "x.toml:3:1: syntax");
}

TEST(ConfigErrors, WhatADispatcherListHasWrong) {
    const std::string list = testing::TempDir() + "dispatcher" + std::to_string(::getpid()) + ".list";
    const std::string toml =
        "[listen]\nudp = [\"127.0.0.1:5060\"]\n[transfer]\nunmatched = \"reject\"\n[dispatcher]\nlist = \"" +
        list + "\"\n";
    const auto write = [&list](std::string_view text) { std::ofstream{list} << text; };
    const std::string place = "x.toml:6:8: dispatcher.list: " + list;
    using Lines = std::vector<std::string>;

    write(
        "1 sip:127.0.1.1 0 0 duid=a\n1 sip127.0.1.2:5060\n1 sip:127.0.1.300\n1 sip:127.0.1.4 0 0 weight=x\n");
    EXPECT_EQ(
        errors_of(toml),
        (Lines{place + ":2: \"sip127.0.1.2:5060\": the scheme is not sip or sips; write \"sip:HOST[:PORT]\"",
               place + ":3: \"sip:127.0.1.300\": \"127.0.1.300\" is not an IP address",
               place + ":4: attribute \"weight\" = \"x\" is no number that can be used"}));
    write("1 127.0.1.1\n");
    EXPECT_EQ(errors_of(toml), Lines{place + ":1: \"127.0.1.1\": not a SIP URI; write \"sip:HOST[:PORT]\""});
    write("# none\n");
    EXPECT_EQ(errors_of(toml), Lines{place + ": no destination that can be used"});
    write("1 sip:127.0.1.1;px=1 0 0 duid=no/name;pipe=p10\n");
    EXPECT_EQ(errors_of(toml), Lines{}) << "what does no harm is a warning";
    EXPECT_EQ(warnings_of(toml), (Lines{place + ":1: URI parameter \";px=1\" is left out",
                                        place + ":1: duid \"no/name\" cannot be a name or stands twice",
                                        place + ":1: attribute \"pipe\" = \"p10\" is unknown"}));
    std::remove(list.c_str());
}

TEST(ConfigErrors, UnreadableFile) {
    const auto loaded = load_config("/nonexistent/x.toml");
    ASSERT_EQ(loaded.errors.size(), 1U);
    EXPECT_EQ(to_string(loaded.errors[0]),
              "/nonexistent/x.toml: file: cannot be read: No such file or directory");
    EXPECT_EQ(load_config("/").errors.size(), 1U);
}

TEST(ConfigWarnings, FallbackWithoutDestination) {
    const std::vector<std::string> expected{
        "x.toml:1:1: transfer.unmatched: \"fallback\" without transfer.fallback: a transfer that matches no "
        "call is "
        "answered 481"};
    EXPECT_EQ(warnings_of(std::string(kGood)), expected);
    EXPECT_EQ(warnings_of(std::string(kGood) + "[transfer]\nfallback = \"pbx-1\"\n"),
              std::vector<std::string>{});
    EXPECT_EQ(warnings_of(std::string(kGood) + "[transfer]\nunmatched = \"reject\"\n"),
              std::vector<std::string>{});
}

TEST(ConfigWarnings, FallbackByAnotherTransport) {
    std::string streams{kGood};
    streams.replace(streams.find("udp"), 3, "tcp").replace(streams.rfind("\"\n"), 1, ";transport=tcp\"");
    const auto fallback = [&streams](std::string_view uri) {
        return warnings_of(streams + "[transfer]\nfallback = \"" + std::string{uri} + "\"\n");
    };
    EXPECT_EQ(fallback("sip:a@127.0.1.1:5070"),
              (std::vector<std::string>{"x.toml:7:12: transfer.fallback: by udp, but pbx-1 at that host is "
                                        "reached by tcp: is a ;transport= missing?"}));
    EXPECT_EQ(fallback("sip:a@127.0.1.1;transport=tcp"), std::vector<std::string>{});
}

TEST(ConfigWarnings, AServerOfWeightZero) {
    const std::string good =
        std::string(kGood) + "weight = 0\n[transfer]\nunmatched = \"reject\"\n[[server]]\n";
    EXPECT_EQ(warnings_of(good + "name = \"pbx-2\"\nuri = \"sip:127.0.1.2\"\n"),
              std::vector<std::string>{"x.toml:6:10: server.weight: 0: \"pbx-1\" takes no new calls"});
    EXPECT_EQ(warnings_of(good + "name = \"pbx-2\"\nuri = \"sip:127.0.1.2\"\nweight = 0\n"),
              std::vector<std::string>{
                  "x.toml:6:10: server.weight: every server of group \"default\" has weight 0: "
                  "none takes new calls"});
}

TEST(ConfigWarnings, WhatIsWorthOne) {
    const std::string quiet =
        std::string(kGood) + "weight = 0\ngroup = \"g\"\n[transfer]\nunmatched = \"reject\"\n";
    using Lines = std::vector<std::string>;
    EXPECT_EQ(
        warnings_of(quiet),
        (Lines{"x.toml:6:10: server.weight: every server of group \"g\" has weight 0: none takes new calls",
               "x.toml:7:9: server.group: no server is in group \"default\", which takes calls that no "
               "[[route]] takes"}));
    EXPECT_EQ(
        warnings_of("[listen]\nudp = [\"0.0.0.0:5060\"]\n[[server]]\nname = \"a\"\nuri = \"sip:127.0.1.1\"\n"
                    "[transfer]\nunmatched = \"strip\"\n[[route]]\ngroup = \"default\"\n[[route]]\ngroup = "
                    "\"default\"\n"),
        (Lines{"x.toml:2:8: listen.udp: udp:0.0.0.0:5060 is every address of this host: set advertise to the "
               "one "
               "that phones and servers reach",
               "x.toml:10:1: route: is never reached: a route before it takes every call"}));
}

TEST(ConfigWarnings, KeysWithoutEffectInThisVersion) {
    const std::string head = std::string(kGood) + "[transfer]\nunmatched = \"reject\"\n";
    const auto lines = [&head](const std::string& rest) { return warnings_of(head + rest); };
    using Lines = std::vector<std::string>;
    const std::string none = ": has no effect in version " SIPSTEER_VERSION;
    // Neither the default nor what this version does anyway is worth a word.
    EXPECT_EQ(lines("probe = true\n[health]\nprobe_interval = \"2s\"\n"), Lines{});
    EXPECT_EQ(lines("probe = false\n[health]\nprobe_interval = 0\n[nat]\npath = \"off\"\n"), Lines{});
    EXPECT_EQ(lines("[nat]\npath = \"always\"\n[store]\nurl = \"redis://h:1\"\n"),
              Lines{"x.toml:11:7: store.url" + none});
}

TEST(ConfigWarnings, KeyFileThatIsNotThereYet) {
    const auto lines = warnings_of(std::string(kGood) +
                                   "[process]\nkey_file = \"/tmp/no-such-key\"\n[transfer]\n"
                                   "unmatched = \"reject\"\n");
    ASSERT_EQ(lines.size(), 1U);
    EXPECT_NE(lines[0].find("x.toml:7:12: process.key_file: \"/tmp/no-such-key\" is not there yet"),
              std::string::npos);
}

}  // namespace
}  // namespace sipsteer
