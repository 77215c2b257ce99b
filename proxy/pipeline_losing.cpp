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
    if (!request || !message_.parse(bytes, snapshot.parse_limits) || message_.method() == Method::ack)
        return outcome;
    const std::size_t longest = bytes.size() - own_lines(message_);
    const Source next_hop{lost.to, lost.listener, snapshot.servers.by_id(lost.to_server)};
    std::string text(bytes.size() + kAnswerRoom, '\0');
    const auto size = write_reply(message_, next_hop, kUnreachable, snapshot.key.sign, text);
    if (!size || !message_.parse({text.data(), *size}, snapshot.parse_limits)) return outcome;
    // Nothing is learned from it: it is not the next hop's word.
    PlacementTurn turn{0};
    const Router router{snapshot, tables_.pins, tables_.calls, tables_.bindings, tables_.hops, turn};
    const Outcome answer = perform(snapshot, next_hop, router.decide(message_, next_hop, now, effects_), out);
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
