#include "proxy/owner_questions.hpp"

namespace sipsteer {
namespace {

Seconds whole_seconds(Milliseconds time) noexcept {
    return static_cast<Seconds>(std::chrono::duration_cast<std::chrono::seconds>(time).count());
}

}  // namespace

std::optional<HeldRequests::Id> OwnerQuestions::ask(const Snapshot& snapshot, const Source& source,
                                                    std::uint64_t key, const HeldMessage& message,
                                                    const Replaces& dialog, Milliseconds now) {
    std::vector<ServerId> servers;
    for (ServerIndex i = 0; i < snapshot.servers.all().size(); ++i) {
        const MediaServer& server = snapshot.servers[i];
        const ProbeUse use = uses_.get(server.id);
        const bool worth_asking =
            use == ProbeUse::usable || (use == ProbeUse::unknown && snapshot.transfer.ask_untried);
        // The one that sent it has looked already.
        if (i != source.server && server.takes_transfers() && worth_asking) {
            servers.push_back(server.id);
        }
    }
    if (servers.empty()) return std::nullopt;
    if (!source.is_server() &&
        !strangers_.allows(snapshot.key.table, source.endpoint.address, whole_seconds(now))) {
        return std::nullopt;
    }
    return held_.hold(key, message, dialog, OwnerProbe{std::move(servers), now});
}

std::optional<HeldRequests::Id> OwnerQuestions::ask_name(const NextHopName& name, std::uint64_t key,
                                                         const HeldMessage& message, std::uint64_t hash,
                                                         Milliseconds now) {
    return held_.hold(key, message,
                      NameQuestion{std::string{name.host}, name.port, name.transport, name.any_transport,
                                   hash, now + OwnerProbe::kPatience});
}

void OwnerQuestions::answer(const ProbeTicket& ticket, ProbeVerdict verdict, Milliseconds now) noexcept {
    HeldRequests::Held* const held = held_.find(ticket.question);
    auto* const asked = held == nullptr ? nullptr : std::get_if<OwnerQuestion>(&held->question);
    if (asked == nullptr) return;
    // Only who has said 481 to a dialog that nobody has is believed.
    const bool believed = uses_.get(ticket.server) == ProbeUse::usable;
    asked->probe.answer(ticket.server, believed ? verdict : ProbeVerdict::unknown, now);
}

std::optional<HeldRequests::Held> OwnerQuestions::take_settled(const Snapshot& snapshot, Milliseconds now) {
    auto held = held_.take_settled(now);
    const auto* const asked = held ? std::get_if<OwnerQuestion>(&held->question) : nullptr;
    if (asked != nullptr && asked->probe.owner() == kNoServer) {
        strangers_.miss(snapshot.key.table, held->request.from.address, whole_seconds(now));
    }
    return held;
}

}  // namespace sipsteer
