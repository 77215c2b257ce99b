#include "proxy/host_lookup.hpp"

#include <algorithm>

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

}  // namespace

HostLookup::HostLookup(HostName name) : name_(std::move(name)) {
    if (name_.port != 0) {
        ask_addresses(name_.port, name_.host);
    } else {
        questions_.push_back({DnsType::naptr, name_.host});
    }
}

const DnsQuestion* HostLookup::question() const noexcept {
    return questions_.empty() ? nullptr : &questions_.back();
}

void HostLookup::ask_addresses(std::uint16_t port, const std::string& host) {
    for (const DnsType type : {DnsType::aaaa, DnsType::a}) {
        questions_.push_back({type, host});
        ports_.push_back(port);
    }
}

void HostLookup::answer(const DnsAnswer& answer) {
    const DnsType type = questions_.back().type;
    questions_.pop_back();
    failed_ = failed_ || answer.failed;
    if (!answer.records.empty()) ttl_ = std::min(ttl_, answer.ttl);
    if (type == DnsType::naptr) return take_naptr(answer);
    if (type == DnsType::srv) return take_srv(answer);
    const std::uint16_t port = ports_.back();
    ports_.pop_back();
    std::vector<DnsRecord> records = answer.records;
    std::ranges::sort(records, {}, &DnsRecord::address);
    for (const DnsRecord& record : records) {
        const Endpoint endpoint{record.address, port, name_.transport};
        if (std::ranges::find(endpoints_, endpoint) == endpoints_.end()) endpoints_.push_back(endpoint);
    }
}

void HostLookup::take_naptr(const DnsAnswer& answer) {
    const DnsRecord* best = nullptr;
    for (const DnsRecord& record : answer.records) {
        if (record.service != naptr_service(name_.transport) || record.target.empty()) continue;
        const auto rank = std::pair{record.priority, record.weight};
        if (best == nullptr || rank < std::pair{best->priority, best->weight}) best = &record;
    }
    questions_.push_back({DnsType::srv, best != nullptr
                                            ? best->target
                                            : std::string{srv_prefix(name_.transport)} + name_.host});
}

void HostLookup::take_srv(const DnsAnswer& answer) {
    std::vector<DnsRecord> targets = answer.records;
    std::erase_if(targets,
                  [](const DnsRecord& record) { return record.target.empty() || record.target == "."; });
    if (targets.empty()) {
        // A single root target says that there is no such service (RFC 2782).
        if (answer.records.empty()) ask_addresses(default_port(name_.transport), name_.host);
        return;
    }
    std::ranges::stable_sort(targets, [](const DnsRecord& a, const DnsRecord& b) {
        if (a.priority != b.priority) return a.priority < b.priority;
        return a.weight != b.weight ? a.weight > b.weight : a.target < b.target;
    });
    if (targets.size() > kMaxTargets) targets.resize(kMaxTargets);
    for (auto target = targets.rbegin(); target != targets.rend(); ++target)
        ask_addresses(target->port, target->target);
}

}  // namespace sipsteer
