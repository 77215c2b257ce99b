#include "routing/held_requests.hpp"

namespace sipsteer {
namespace {

/// The same bytes elsewhere: `view` points into `from`, the result to the same place in `to`.
std::string_view moved(std::string_view view, std::string_view from, std::string_view to) noexcept {
    return to.substr(static_cast<std::size_t>(view.data() - from.data()), view.size());
}

}  // namespace

HeldRequests::Offer HeldRequests::offer(std::uint64_t key, const HeldMessage& message) {
    const auto found = by_key_.find(key);
    if (found == by_key_.end()) return Offer::nobody_waits;
    Held& held = held_.at(found->second);
    const bool for_name = std::holds_alternative<NameQuestion>(held.question);
    if (message.bytes == held.request.bytes) return for_name ? Offer::resolving : Offer::absorbed;
    if (held.followers.size() >= kMaxFollowers || bytes_ + message.bytes.size() > kMaxBytes)
        return for_name ? Offer::resolving : Offer::refused;
    bytes_ += message.bytes.size();
    held.followers.push_back(message);
    return Offer::queued;
}

bool HeldRequests::takes(std::uint64_t key, const HeldMessage& message) const noexcept {
    return held_.size() < kMaxHeld && bytes_ + message.bytes.size() <= kMaxBytes && !by_key_.contains(key);
}

HeldRequests::Id HeldRequests::enter(std::uint64_t key, const HeldMessage& message,
                                     std::variant<OwnerQuestion, NameQuestion> question) {
    const Id id = next_++;
    held_.try_emplace(id, Held{key, message, {}, std::move(question)});
    by_key_.emplace(key, id);
    bytes_ += message.bytes.size();
    return id;
}

std::optional<HeldRequests::Id> HeldRequests::hold(std::uint64_t key, const HeldMessage& message,
                                                   const Replaces& dialog, OwnerProbe probe) {
    if (!takes(key, message)) return std::nullopt;
    const Id id = enter(key, message, OwnerQuestion{dialog, std::move(probe)});
    Held& held = held_.at(id);
    const std::string_view to = held.request.bytes;
    Replaces& own = std::get<OwnerQuestion>(held.question).dialog;
    own.call_id = moved(dialog.call_id, message.bytes, to);
    own.to_tag = moved(dialog.to_tag, message.bytes, to);
    own.from_tag = moved(dialog.from_tag, message.bytes, to);
    return id;
}

std::optional<HeldRequests::Id> HeldRequests::hold(std::uint64_t key, const HeldMessage& message,
                                                   NameQuestion question) {
    if (!takes(key, message)) return std::nullopt;
    return enter(key, message, std::move(question));
}

void HeldRequests::name_answered(std::uint64_t name) noexcept {
    for (auto& [id, held] : held_) {
        auto* const question = std::get_if<NameQuestion>(&held.question);
        if (question != nullptr && question->name == name) question->answered = true;
    }
}

HeldRequests::Held* HeldRequests::find(Id id) noexcept {
    const auto found = held_.find(id);
    return found == held_.end() ? nullptr : &found->second;
}

std::optional<HeldRequests::Held> HeldRequests::take_settled(Milliseconds now) {
    for (auto entry = held_.begin(); entry != held_.end(); ++entry) {
        if (!entry->second.settled(now)) continue;
        Held held = std::move(entry->second);
        held_.erase(entry);
        by_key_.erase(held.key);
        bytes_ -= held.request.bytes.size();
        for (const HeldMessage& follower : held.followers) bytes_ -= follower.bytes.size();
        return held;
    }
    return std::nullopt;
}

}  // namespace sipsteer
