#include <string>

#include "proxy/pipeline.hpp"
#include "routing/reply.hpp"
#include "routing/router.hpp"

namespace sipsteer {
namespace {

constexpr Reply kUnreachable{.status = 503, .reason_phrase = "Next Hop Unreachable"};  // RFC 3261 §16.9
/// What an answer has that its request has not: the status line, a To tag.
constexpr std::size_t kAnswerRoom = 256;

/// Our own lines in a forwarded request: without them it is as long as what came in, or shorter.
std::size_t own_lines(const MessageView& request) noexcept {
    const HeaderField* const route = request.find(HeaderId::record_route);
    return request.find(HeaderId::via)->line.size() + (route == nullptr ? 0 : route->line.size());
}

}  // namespace

/// The answer goes the way that one of the next hop would go: so it needs no memory of the request.
Outcome Pipeline::lose(const Snapshot& snapshot, const Outcome& lost, DropReason why, std::string_view bytes,
                       Seconds now, std::span<char> out) {
    Outcome outcome = lost;
    outcome.what = Outcome::What::dropped;
    outcome.drop = why;
    const bool request = lost.what == Outcome::What::forwarded && lost.code_class == 0;
    at_ = &other_;
    if (!request || !at_->read(snapshot, bytes) || message().method() == Method::ack) return outcome;
    const std::size_t longest = bytes.size() - own_lines(message());
    const Source next_hop{lost.to, lost.listener, snapshot.servers.by_id(lost.to_server)};
    at_->source = next_hop;
    std::string text(bytes.size() + kAnswerRoom, '\0');
    const auto size = write_reply(message(), next_hop, kUnreachable, snapshot.key.sign, text);
    if (!size || !at_->read(snapshot, {text.data(), *size})) return outcome;
    // Nothing is learned from it: it is not the next hop's word.
    PlacementTurn turn{0};
    const RouteDecision decision =
        router(snapshot, turn).decide(message(), *at_->hashes, next_hop, now, effects_);
    const Outcome answer = perform(snapshot, decision, out);
    const bool forgeable = lost.from_server == kNoServer && answer.to.transport == Transport::udp;
    if (!answer.sends() || (forgeable && answer.size > longest)) return outcome;
    outcome.what = Outcome::What::answered;
    outcome.reason = RouteReason::rejected_unresolved;
    outcome.to = answer.to;
    outcome.listener = answer.listener;
    outcome.connection = answer.connection;
    outcome.size = answer.size;
    outcome.pad_at = 0;
    outcome.server = answer.server;
    outcome.to_server = kNoServer;
    outcome.starts_call = false;
    return outcome;
}

}  // namespace sipsteer
