#include "proxy/host_lookup.hpp"

#include <algorithm>

#include "parser/chars.hpp"

namespace sipsteer {
namespace {

/// The service of NAPTR for a transport (RFC 3263 §4.1).
std::string_view naptr_service(Transport transport) noexcept {
    switch (transport) {
        case Transport::udp: return "SIP+D2U";
        case Transport::tcp: return "SIP+D2T";
        case Transport::tls: return "SIPS+D2T";
        case Transport::ws: return "SIP+D2W";
        case Transport::wss: return "SIPS+D2W";
    }
    return "SIP+D2U";
}

std::string_view srv_prefix(Transport transport) noexcept {
    switch (transport) {
        case Transport::udp: return "_sip._udp.";
        case Transport::tcp: return "_sip._tcp.";
        case Transport::tls: return "_sips._tcp.";
        case Transport::ws: return "_sip._ws.";
        case Transport::wss: return "_sips._ws.";
    }
    return "_sip._udp.";
}

/// A host name in one spelling: DNS cares neither for case nor for a dot at the end. Empty: none that a URI
/// could have.
std::string plain_host(std::string host) {
    if (host.ends_with('.')) host.pop_back();
    if (!all_of(host, kHost)) return {};
    std::ranges::transform(host, host.begin(), to_lower);
    return host;
}

}  // namespace

std::vector<Endpoint> endpoints_of(const std::vector<HostTarget>& targets) {
    std::vector<Endpoint> all;
    for (const HostTarget& target : targets) {
        for (const Endpoint& endpoint : target.endpoints) {
            if (std::ranges::find(all, endpoint) == all.end()) all.push_back(endpoint);
        }
    }
    return all;
}

HostLookup::HostLookup(HostName name) : name_(std::move(name)), transport_(name_.transport) {
    if (name_.port != 0) {
        targets_.push_back({.port = name_.port});
        ask_addresses(0, name_.host);
    } else {
        const bool of_srv = name_.host.starts_with('_');
        if (of_srv) name_.others.clear();
        questions_.push_back({of_srv ? DnsType::srv : DnsType::naptr, name_.host});
    }
}

const DnsQuestion* HostLookup::question() const noexcept {
    return questions_.empty() ? nullptr : &questions_.back();
}

void HostLookup::ask_addresses(std::size_t target, const std::string& host) {
    for (const DnsType type : {DnsType::aaaa, DnsType::a}) {
        questions_.push_back({type, host});
        asked_for_.push_back(target);
    }
}

void HostLookup::answer(const DnsAnswer& answer) {
    const DnsType type = questions_.back().type;
    questions_.pop_back();
    if (!answer.records.empty()) ttl_ = std::min(ttl_, answer.ttl);
    if (answer.failed) ++failures_;
    if (type == DnsType::naptr) return take_naptr(answer);
    if (type == DnsType::srv) return take_srv(answer);
    HostTarget& target = targets_[asked_for_.back()];
    asked_for_.pop_back();
    std::vector<DnsRecord> records = answer.records;
    std::ranges::sort(records, {}, &DnsRecord::address);
    for (const DnsRecord& record : records)
        target.endpoints.push_back({record.address, target.port, transport_});
    // DNS is down: each of the other questions would take its time to fail as well.
    if (failures_ > kMaxFailures) questions_.clear();
}

void HostLookup::ask_srv() {
    questions_.push_back({DnsType::srv, std::string{srv_prefix(transport_)} + name_.host});
}

void HostLookup::take_naptr(const DnsAnswer& answer) {
    const DnsRecord* best = nullptr;
    const auto consider = [&](Transport transport) {
        for (const DnsRecord& record : answer.records) {
            if (record.service != naptr_service(transport) || record.target.empty()) continue;
            const auto rank = std::pair{record.priority, record.weight};
            if (best != nullptr && rank >= std::pair{best->priority, best->weight}) continue;
            best = &record;
            transport_ = transport;
        }
    };
    consider(name_.transport);
    for (const Transport other : name_.others) consider(other);
    if (best == nullptr) return ask_srv();
    name_.others.clear();
    questions_.push_back({DnsType::srv, best->target});
}

void HostLookup::take_srv(const DnsAnswer& answer) {
    std::vector<DnsRecord> targets = answer.records;
    for (DnsRecord& record : targets) record.target = plain_host(std::move(record.target));
    std::erase_if(targets, [](const DnsRecord& record) { return record.target.empty() || record.port == 0; });
    if (targets.empty()) {
        // A single root target says that there is no such service (RFC 2782).
        refused_ = refused_ || !answer.records.empty();
        if (others_tried_ < name_.others.size() && !answer.failed) {
            transport_ = name_.others[others_tried_++];
            return ask_srv();
        }
        if (refused_ || name_.expand) return;
        transport_ = name_.transport;
        targets_.push_back({.port = default_port(transport_)});
        return ask_addresses(0, name_.host);
    }
    std::ranges::stable_sort(targets, [](const DnsRecord& a, const DnsRecord& b) {
        if (a.priority != b.priority) return a.priority < b.priority;
        if (a.weight != b.weight) return a.weight > b.weight;
        return a.target != b.target ? a.target < b.target : a.port < b.port;
    });
    if (targets.size() > kMaxTargets) targets.resize(kMaxTargets);
    for (DnsRecord& target : targets)
        targets_.push_back({std::move(target.target), target.port, target.priority, target.weight, {}});
    for (std::size_t i = targets_.size(); i > 0; --i) ask_addresses(i - 1, targets_[i - 1].host);
}

}  // namespace sipsteer
