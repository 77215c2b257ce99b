#include <algorithm>

#include "routing/behind_nat.hpp"
#include "routing/rendezvous.hpp"
#include "routing/router.hpp"

namespace sipsteer {
namespace {

/// A name has 253 characters at most (RFC 1035 §2.3.4).
constexpr std::size_t kLongestName = 253;

/// What stands for an address in the weighted choice.
std::uint32_t address_id(const KeyedHash& hash, const Endpoint& endpoint) noexcept {
    const auto* const bytes = reinterpret_cast<const char*>(endpoint.address.bytes.data());
    return static_cast<std::uint32_t>(
        KeyedHash::Input{hash}.add({bytes, endpoint.address.size()}).add(endpoint.port).finish());
}

}  // namespace

/// Of those that a listener can reach the best priority, IPv4 before IPv6, and among these by a weighted hash
/// of the Call-ID: no dice, so that a retransmission goes where its request went.
std::optional<Endpoint> Router::choose_address(const Work& work,
                                               const NextHops::Found& found) const noexcept {
    const std::uint64_t call = work.hashes.call().high;
    const HopAddress* best = nullptr;
    double best_score = 0;
    for (std::size_t i = 0; i < found.count; ++i) {
        const HopAddress& one = found.addresses[i];
        if (!reachable(work, one.endpoint)) continue;
        const double score =
            rendezvous_score(call, address_id(snapshot_.key.table, one.endpoint), one.weight);
        const bool same_rank = best != nullptr && one.priority == best->priority &&
                               one.endpoint.address.v6 == best->endpoint.address.v6;
        const bool better_rank =
            best == nullptr || one.priority < best->priority ||
            (one.priority == best->priority && best->endpoint.address.v6 && !one.endpoint.address.v6);
        if (better_rank || (same_rank && score > best_score)) {
            best = &one;
            best_score = score;
        }
    }
    return best == nullptr ? std::nullopt : std::optional{best->endpoint};
}

bool Router::reachable(const Work& work, const Endpoint& endpoint) const noexcept {
    const bool server = snapshot_.servers.by_endpoint(endpoint.address, endpoint.port).has_value();
    return snapshot_.local.sender(endpoint, server, work.source.listener).has_value();
}

std::uint64_t Router::hop_call(const Work& work, std::uint64_t name) const noexcept {
    const std::uint64_t key = pin_key(work) ^ name;
    return key == 0 ? 1 : key;
}

/// What is known of the next hop's name; an Ask when DNS has to say first.
Router::NamedHop Router::look_up_hop(const Work& work, const NextHopName& name) const noexcept {
    NamedHop hop;
    hop.name = name.hash(snapshot_.key.table);
    if (name.host.size() > kLongestName) {
        hop.found.state = NextHops::State::denied;
        return hop;
    }
    const auto chosen = hops_.chosen(hop_call(work, hop.name), work.now);
    if (chosen && reachable(work, *chosen)) {
        hop.endpoint = chosen;
        return hop;
    }
    hop.found = hops_.find(hop.name, work.now);
    const bool wants = hop.found.state == NextHops::State::unknown || hop.found.expired;
    hop.ask = wants && !work.answer.asked && !is_web_socket(name.transport);
    if (hop.found.state == NextHops::State::resolved) hop.endpoint = choose_address(work, hop.found);
    return hop;
}

/// RFC 3263 §4. The choice is kept for the call, so that CANCEL and what follows meet the same address also
/// when DNS changes its mind.
RouteDecision Router::to_name(const Work& work, const NextHopName& name, const NamedHop& hop,
                              RouteReason reason, RequestEdits edits) const noexcept {
    if (hop.ask) {
        work.note("ask DNS for the next hop", name.host);
        RouteDecision decision;
        decision.action = Ask{.name = name};
        return decision;
    }
    if (!hop.endpoint) return no_address(work, name, hop.found);
    work.note("next hop by name", name.host);
    if (snapshot_.local.is_us(*hop.endpoint)) {
        work.note("which leads to us: write it into routing.domains");
        return reply(work, 482, "Next Hop Is This Proxy", RouteReason::rejected_loop);
    }
    const auto server = snapshot_.servers.by_endpoint(hop.endpoint->address, hop.endpoint->port);
    if (!server && hop.endpoint->transport == Transport::udp) edits.recorded_flow = RecordedFlow::last_resort;
    RouteDecision decision = send(work, *hop.endpoint, server, reason, edits);
    if (auto* const forward = std::get_if<Forward>(&decision.action)) {
        forward->host = name.host;
        work.effects.hop = {hop_call(work, hop.name), *hop.endpoint,
                            work.message.method() == Method::invite ? NextHops::kInvite : NextHops::kOther};
    }
    return decision;
}

/// A name that is not there will not be there in five seconds either; DNS that does not answer may.
RouteDecision Router::no_address(const Work& work, const NextHopName& name,
                                 const NextHops::Found& found) const noexcept {
    if (found.state == NextHops::State::denied) {
        work.note("DNS knows no such name", name.host);
        return reply(work, 404, "Next Hop Name Not Found", RouteReason::rejected_unresolved);
    }
    if (found.state == NextHops::State::resolved) {
        work.note("no listener speaks the transport and address family of the next hop", name.host);
        return reply(work, 503, "No Way To Next Hop", RouteReason::rejected_unresolved);
    }
    work.note("DNS does not tell where the next hop is", name.host);
    RouteDecision decision = reply(work, 503, "Next Hop Not Resolved", RouteReason::rejected_unresolved);
    if (Reply* const answer = std::get_if<Reply>(&decision.action)) answer->retry_after = 5;
    return decision;
}

}  // namespace sipsteer
