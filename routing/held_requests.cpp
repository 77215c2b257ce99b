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
    if (message.bytes == held.request.bytes) return Offer::absorbed;
    if (held.followers.size() >= kMaxFollowers || bytes_ + message.bytes.size() > kMaxBytes)
        return Offer::refused;
    bytes_ += message.bytes.size();
    held.followers.push_back(message);
    return Offer::queued;
}

std::optional<HeldRequests::Id> HeldRequests::hold(std::uint64_t key, const HeldMessage& message,
                                                   const Replaces& dialog, OwnerProbe probe) {
    if (held_.size() >= kMaxHeld || bytes_ + message.bytes.size() > kMaxBytes || by_key_.contains(key)) {
        return std::nullopt;
    }
    const Id id = next_++;
    Held& held = held_.try_emplace(id, Held{key, message, dialog, {}, std::move(probe)}).first->second;
    const std::string_view to = held.request.bytes;
    held.dialog.call_id = moved(dialog.call_id, message.bytes, to);
    held.dialog.to_tag = moved(dialog.to_tag, message.bytes, to);
    held.dialog.from_tag = moved(dialog.from_tag, message.bytes, to);
    by_key_.emplace(key, id);
    bytes_ += message.bytes.size();
    return id;
}

HeldRequests::Held* HeldRequests::find(Id id) noexcept {
    const auto found = held_.find(id);
    return found == held_.end() ? nullptr : &found->second;
}

std::optional<HeldRequests::Held> HeldRequests::take_settled(Milliseconds now) {
    for (auto entry = held_.begin(); entry != held_.end(); ++entry) {
        if (!entry->second.probe.settled(now)) continue;
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
