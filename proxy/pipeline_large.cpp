#include "proxy/pipeline.hpp"
#include "routing/branch.hpp"

namespace sipsteer {

/// RFC 3261 §18.1.1: too large for UDP, by TCP where the next hop has a connection with us. It never waits
/// for one: without, it goes as ever, and `wants_stream` says that one is to be opened for those that come.
std::optional<Forward> Pipeline::by_stream(const Snapshot& snapshot, const Forward& forward, std::size_t size,
                                           Outcome& outcome) const noexcept {
    const Method method = message().method();
    const bool large = size > kLargestForUdp;
    const bool follows = method == Method::cancel || method == Method::ack;
    // What goes by a flow is reached by no other way.
    if ((!large && (!follows || tables_.large.empty())) || connections_ == nullptr ||
        forward.next_hop.transport != Transport::udp ||
        forward.edits.recorded_flow == RecordedFlow::next_hop) {
        return std::nullopt;
    }
    Endpoint there = forward.next_hop;
    there.transport = Transport::tcp;
    const auto listener = snapshot.local.sender(there, forward.server.has_value(), at_->source.listener);
    if (!listener) return std::nullopt;
    const ConnectionId open = connections_->open_to(there);
    const auto now = static_cast<Seconds>(std::chrono::duration_cast<std::chrono::seconds>(time_).count());
    const BranchText branch =
        make_branch(forward.call, message(), snapshot.servers.id_of(at_->source.server));
    const std::uint64_t key = snapshot.key.table({branch.data(), branch.size()}) | 1U;
    using Way = LargeRequests::Way;
    const auto way = large
                         ? tables_.large.enter(key, open == kNoConnection ? Way::datagram : Way::stream, now)
                         : tables_.large.find(key, now).value_or(Way::datagram);
    if (open == kNoConnection && large) outcome.wants_stream = *listener;
    if (way == Way::datagram || open == kNoConnection) return std::nullopt;
    Forward other = forward;
    other.next_hop = there;
    other.listener = *listener;
    other.connection = open;
    return other;
}

}  // namespace sipsteer
