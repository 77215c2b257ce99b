#include "proxy/pipeline.hpp"
#include "routing/router.hpp"

namespace sipsteer {
namespace {

HeldMessage held_copy(const Snapshot& snapshot, const MessageView& message, const Source& source) {
    return {std::string{message.bytes()}, source.endpoint, source.listener, source.connection,
            snapshot.servers.id_of(source.server)};
}

}  // namespace

/// A copy or a follower of a request that waits for an answer.
std::optional<Outcome> Pipeline::wait_behind(const Snapshot& snapshot) noexcept {
    if (questions_.empty() || !message().is_request()) return std::nullopt;
    const Source& source = at_->source;
    const std::uint64_t key = at_->hashes->pin_key(snapshot.servers.id_of(source.server));
    switch (questions_.offer(key, held_copy(snapshot, message(), source))) {
        case HeldRequests::Offer::nobody_waits: return std::nullopt;
        case HeldRequests::Offer::queued: return Outcome{.what = Outcome::What::held};
        case HeldRequests::Offer::resolving:
            return Outcome{.what = Outcome::What::absorbed, .reason = RouteReason::resolving};
        case HeldRequests::Offer::absorbed:
        case HeldRequests::Offer::refused: break;
    }
    return Outcome{.what = Outcome::What::absorbed, .reason = RouteReason::transfer_waiting};
}

std::optional<Outcome> Pipeline::hold(const Snapshot& snapshot, const Ask& ask, Seconds now) noexcept {
    const Source& source = at_->source;
    const std::uint64_t key = at_->hashes->pin_key(snapshot.servers.id_of(source.server));
    const HeldMessage copy = held_copy(snapshot, message(), source);
    if (ask.name) {
        const std::uint64_t hash = ask.name->hash(snapshot.key.table);
        const auto question = questions_.ask_name(*ask.name, key, copy, hash, time_);
        if (!question) return std::nullopt;
        if (learning_ == Learning::on) tables_.hops.note_asked(hash, now);
        return Outcome{.what = Outcome::What::held, .question = *question};
    }
    // The dialog's views point into the received bytes; the copy has them at the same places.
    Replaces dialog = *ask.dialog;
    for (std::string_view* part : {&dialog.call_id, &dialog.to_tag, &dialog.from_tag}) {
        *part = std::string_view{copy.bytes}.substr(
            static_cast<std::size_t>(part->data() - message().bytes().data()), part->size());
    }
    const auto question = questions_.ask(snapshot, source, key, copy, dialog, time_);
    if (!question) return std::nullopt;
    return Outcome{.what = Outcome::What::held, .question = *question};
}

Outcome Pipeline::release(const Snapshot& snapshot, const HeldMessage& held, const ProbeAnswer& answer,
                          Seconds now, std::span<char> out, DecisionSteps* steps) noexcept {
    at_ = &other_;
    at_->source = {held.from, held.listener, snapshot.servers.by_id(held.server), held.connection};
    const Result<void>& parsed = at_->read(snapshot, held.bytes);
    if (!parsed) return perform(snapshot, Router::decide_broken(message(), parsed.error()), out);
    if (const auto waits = wait_behind(snapshot)) return *waits;  // its request waits once more
    return route(snapshot, answer, now, out, steps);
}

}  // namespace sipsteer
