#include "proxy/host_lookup.hpp"

#include <gtest/gtest.h>

#include <map>

namespace sipsteer {
namespace {

DnsRecord address(std::string_view text) {
    DnsRecord record;
    record.address = parse_ip(text).value();
    return record;
}
DnsRecord srv(std::uint16_t priority, std::uint16_t weight, std::uint16_t port, std::string target) {
    DnsRecord record;
    record.priority = priority;
    record.weight = weight;
    record.port = port;
    record.target = std::move(target);
    return record;
}
DnsRecord naptr(std::uint16_t order, std::uint16_t preference, std::string service, std::string target) {
    DnsRecord record = srv(order, preference, 0, std::move(target));
    record.service = std::move(service);
    return record;
}

HostName named(std::string host) { return {std::move(host), 0, Transport::udp}; }
HostName expanded(std::string host) { return {std::move(host), 0, Transport::udp, true}; }

/// DNS as a table; what is not in it does not exist.
struct Dns {
    std::map<std::pair<DnsType, std::string>, DnsAnswer> answers;
    std::vector<DnsQuestion> asked;

    void has(DnsType type, const std::string& name, std::vector<DnsRecord> records, std::uint32_t ttl = 60) {
        answers[{type, name}] = {std::move(records), ttl, false};
    }
    void fails(DnsType type, const std::string& name) { answers[{type, name}].failed = true; }

    HostLookup look_up(HostName name) {
        HostLookup lookup{std::move(name)};
        while (const DnsQuestion* question = lookup.question()) {
            asked.push_back(*question);
            lookup.answer(answers[{question->type, question->name}]);
        }
        return lookup;
    }
    std::string addresses(HostName name) {
        std::string text;
        const HostLookup lookup = look_up(std::move(name));
        for (const Endpoint& endpoint : endpoints_of(lookup.targets())) {
            std::array<char, IpAddress::kMaxText> ip;
            text += std::string{ip.data(), format_ip(endpoint.address, ip)} + ":" +
                    std::to_string(endpoint.port) + " ";
        }
        return text;
    }
};

TEST(HostLookup, APortMeansAddressesAlone) {
    Dns dns;
    dns.has(DnsType::a, "x", {address("10.0.0.2"), address("10.0.0.1")}, 300);
    dns.has(DnsType::aaaa, "x", {address("2001:db8::1")}, 90);
    EXPECT_EQ(dns.addresses({"x", 5070, Transport::udp}), "10.0.0.1:5070 10.0.0.2:5070 2001:db8::1:5070 ")
        << "whatever order DNS has";
    EXPECT_EQ(dns.asked, (std::vector<DnsQuestion>{{DnsType::a, "x"}, {DnsType::aaaa, "x"}}));
    EXPECT_EQ(dns.look_up({"x", 5070, Transport::udp}).ttl(), 90U);
}

TEST(HostLookup, NaptrOfTheTransportNamesTheSrv) {
    Dns dns;
    dns.has(DnsType::naptr, "x",
            {naptr(1, 1, "SIP+D2T", "t"), naptr(2, 5, "SIP+D2U", "u"), naptr(2, 4, "SIP+D2U", "best")});
    dns.has(DnsType::srv, "best", {srv(1, 1, 5071, "h")}, 7);
    dns.has(DnsType::srv, "t", {srv(1, 1, 5072, "h")});
    dns.has(DnsType::a, "h", {address("10.0.0.1")});
    EXPECT_EQ(dns.addresses(named("x")), "10.0.0.1:5071 ");
    EXPECT_EQ(dns.look_up(named("x")).ttl(), 7U);
    EXPECT_EQ(dns.addresses({"x", 0, Transport::tcp}), "10.0.0.1:5072 ");
}

TEST(HostLookup, SrvByPriorityThenWeight) {
    Dns dns;
    dns.has(DnsType::srv, "_sip._udp.x",
            {srv(20, 9, 1, "d"), srv(10, 1, 2, "c"), srv(10, 7, 3, "b"), srv(10, 7, 4, "a"),
             srv(1, 0, 5, "gone")});
    for (const char* host : {"a", "b", "c", "d"}) dns.has(DnsType::a, host, {address("10.0.0.9")});
    EXPECT_EQ(dns.addresses(named("x")), "10.0.0.9:4 10.0.0.9:3 10.0.0.9:2 10.0.0.9:1 ");
    Dns tls;
    tls.has(DnsType::srv, "_sips._tcp.x", {srv(1, 1, 5062, "a")});
    tls.has(DnsType::a, "a", {address("10.0.0.9")});
    EXPECT_EQ(tls.addresses({"x", 0, Transport::tls}), "10.0.0.9:5062 ");
}

TEST(HostLookup, WithoutSrvTheNameItself) {
    Dns dns;
    dns.has(DnsType::aaaa, "x", {address("2001:db8::1")});
    EXPECT_EQ(dns.addresses(named("x")), "2001:db8::1:5060 ");
    EXPECT_EQ(dns.addresses({"x", 0, Transport::tls}), "2001:db8::1:5061 ");
    dns.has(DnsType::srv, "_sip._udp.x", {srv(0, 0, 0, ".")});
    EXPECT_EQ(dns.addresses(named("x")), "") << "a service that says it is not there (RFC 2782)";
}

TEST(HostLookup, DnsChoosesTheTransport) {
    const HostName any{"x", 0, Transport::udp, false, {Transport::tcp, Transport::tls}};
    Dns naptrs;
    naptrs.has(DnsType::naptr, "x",
               {naptr(2, 1, "SIP+D2U", "u"), naptr(1, 2, "SIP+D2T", "t"), naptr(1, 1, "SIP+D2S", "sctp")});
    naptrs.has(DnsType::srv, "t", {srv(1, 1, 5070, "h")});
    naptrs.has(DnsType::a, "h", {address("10.0.0.1")});
    EXPECT_EQ(endpoints_of(naptrs.look_up(any).targets()),
              (std::vector<Endpoint>{{address("10.0.0.1").address, 5070, Transport::tcp}}));
    Dns srvs;  // none for UDP, so the next transport is looked at
    srvs.has(DnsType::srv, "_sip._tcp.x", {srv(1, 1, 5070, "h")});
    srvs.has(DnsType::a, "h", {address("10.0.0.1")});
    srvs.has(DnsType::a, "x", {address("10.0.0.9")});
    EXPECT_EQ(endpoints_of(srvs.look_up(any).targets()),
              (std::vector<Endpoint>{{address("10.0.0.1").address, 5070, Transport::tcp}}));
    srvs.has(DnsType::srv, "_sip._udp.x", {srv(1, 1, 5080, "h")});
    EXPECT_EQ(endpoints_of(srvs.look_up(any).targets()),
              (std::vector<Endpoint>{{address("10.0.0.1").address, 5080, Transport::udp}}));
    Dns addresses;
    addresses.has(DnsType::a, "x", {address("10.0.0.9")});
    EXPECT_EQ(endpoints_of(addresses.look_up(any).targets()),
              (std::vector<Endpoint>{{address("10.0.0.9").address, 5060, Transport::udp}}));
    addresses.has(DnsType::srv, "_sip._udp.x", {srv(0, 0, 0, ".")});
    EXPECT_TRUE(endpoints_of(addresses.look_up(any).targets()).empty());
}

TEST(HostLookup, TellsNoSuchNameFromNoAnswer) {
    Dns dns;
    EXPECT_FALSE(dns.look_up(named("x")).failed());
    dns.fails(DnsType::a, "x");
    EXPECT_TRUE(dns.look_up(named("x")).failed());
    dns.has(DnsType::aaaa, "x", {address("2001:db8::1")});
    EXPECT_FALSE(dns.look_up(named("x")).failed()) << "one family is enough";
}

TEST(HostLookup, ExpandedItIsSrvAlone) {
    Dns dns;
    dns.has(DnsType::a, "x", {address("10.0.0.1")});
    EXPECT_TRUE(dns.look_up(expanded("x")).targets().empty()) << "addresses of the name are no servers";
    EXPECT_FALSE(dns.look_up(expanded("x")).failed());
    dns.has(
        DnsType::srv, "_sip._udp.x",
        {srv(2, 5, 5070, "B.x."), srv(1, 3, 5060, "a.x"), srv(1, 1, 5060, "no host"), srv(1, 1, 0, "c.x")},
        9);
    dns.has(DnsType::a, "a.x", {address("10.0.0.2")});
    const HostLookup lookup = dns.look_up(expanded("x"));
    ASSERT_EQ(lookup.targets().size(), 2U);
    EXPECT_EQ(lookup.targets()[0],
              (HostTarget{"a.x", 5060, 1, 3, {{parse_ip("10.0.0.2").value(), 5060, Transport::udp}}}));
    EXPECT_EQ(lookup.targets()[1], (HostTarget{"b.x", 5070, 2, 5}))
        << "in one spelling, though it has no address";
    EXPECT_EQ(lookup.ttl(), 9U);
}

TEST(HostLookup, ANameThatIsAnSrvName) {
    Dns dns;
    dns.has(DnsType::srv, "_pbx._tcp.service.consul", {srv(1, 1, 5060, "n1.node.consul")});
    dns.has(DnsType::a, "n1.node.consul", {address("10.0.0.1")});
    for (const HostName& name : {named("_pbx._tcp.service.consul"), expanded("_pbx._tcp.service.consul")})
        EXPECT_EQ(dns.addresses(name), "10.0.0.1:5060 ");
    EXPECT_EQ(dns.asked.front(), (DnsQuestion{DnsType::srv, "_pbx._tcp.service.consul"}));
}

TEST(HostLookup, WhenDnsDiesItDoesNotAskForEachTarget) {
    Dns dns;
    std::vector<DnsRecord> many;
    for (int i = 0; i < 20; ++i) {
        many.push_back(srv(1, 1, 5060, "h" + std::to_string(i)));
        dns.fails(DnsType::a, "h" + std::to_string(i));
        dns.fails(DnsType::aaaa, "h" + std::to_string(i));
    }
    dns.has(DnsType::srv, "_sip._udp.x", many);
    EXPECT_TRUE(dns.look_up(expanded("x")).failed());
    EXPECT_EQ(dns.asked.size(), 2 + HostLookup::kMaxFailures + 1);
}

TEST(HostLookup, Bounded) {
    Dns dns;
    std::vector<DnsRecord> many;
    for (int i = 0; i < 100; ++i) many.push_back(srv(1, 1, 5060, "h" + std::to_string(i)));
    dns.has(DnsType::srv, "_sip._udp.x", many);
    (void)dns.look_up(named("x"));
    EXPECT_EQ(dns.asked.size(), 2 + 2 * HostLookup::kMaxTargets);
}

}  // namespace
}  // namespace sipsteer
