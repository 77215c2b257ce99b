#include "proxy/next_hop_names.hpp"

#include <algorithm>

#include "proxy/decision_log.hpp"
#include "proxy/log.hpp"
#include "proxy/worker.hpp"

namespace sipsteer {
namespace {

/// What one unit of an SRV weight is here, and what a weight of 0 is: so that its share is still a number.
constexpr std::uint32_t kWeightUnit = 256;
constexpr std::uint32_t kNoWeight = 16;

std::string list_of(const std::vector<HopAddress>& addresses) {
    std::string list;
    for (const HopAddress& one : addresses) list += (list.empty() ? "" : ",") + to_string(one.endpoint);
    return list.empty() ? "none" : list;
}

}  // namespace

HostName host_name(const NameQuestion& question, const LocalAddresses& local) {
    HostName name{question.host, question.port, question.transport};
    std::ranges::transform(name.host, name.host.begin(), [](char c) { return to_lower(c); });
    if (!question.any_transport) return name;
    for (const Transport other : {Transport::tcp, Transport::tls}) {
        const bool spoken = std::ranges::any_of(local.listeners(), [other](const Listener& listener) {
            return listener.bind.transport == other;
        });
        if (spoken) name.others.push_back(other);
    }
    return name;
}

std::vector<HopAddress> hop_addresses(const HostFound& found) {
    std::vector<HopAddress> addresses;
    for (const HostTarget& target : found.targets) {
        const std::uint32_t weight =
            target.weight == 0 ? kNoWeight : std::uint32_t{target.weight} * kWeightUnit;
        for (const Endpoint& endpoint : target.endpoints) {
            const auto alike = std::ranges::count(target.endpoints, endpoint.address.v6,
                                                  [](const Endpoint& one) { return one.address.v6; });
            addresses.push_back(
                {endpoint, target.priority, std::max(1U, weight / static_cast<std::uint32_t>(alike))});
        }
    }
    return addresses;
}

NextHopNames::NextHopNames(boost::asio::io_context& context, NextHops& hops,
                           std::function<void(std::uint64_t)> answered)
    : hops_(hops), answered_(std::move(answered)), resolver_(context) {}

void NextHopNames::look_up(const HostName& name, std::uint64_t hash) {
    if (open_.contains(hash)) return;
    if (open_.size() >= kMaxOpen) return answered_(hash);
    open_.insert(hash);
    resolver_.look_up(name, [this, name, hash](const HostFound& found) { take(name, hash, found); });
}

void NextHopNames::take(const HostName& name, std::uint64_t hash, const HostFound& found) {
    open_.erase(hash);
    const std::vector<HopAddress> addresses = hop_addresses(found);
    hops_.learn(hash, {addresses, found.ttl, found.failed}, seconds_since_boot());
    log_event(LogLevel::info, "next_hop",
              {{"name", name.host}, {"addresses", found.failed ? "dns_failed" : list_of(addresses)}},
              LogRate::many);
    answered_(hash);
}

void look_up_now(NextHops& hops, const HostName& name, std::uint64_t hash, std::chrono::milliseconds limit) {
    boost::asio::io_context context{1};
    NextHopNames names{context, hops, [&context](std::uint64_t) { context.stop(); }};
    names.look_up(name, hash);
    context.run_for(limit);
}

}  // namespace sipsteer
