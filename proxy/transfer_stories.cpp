#include "proxy/transfer_stories.hpp"

#include <algorithm>
#include <functional>

namespace sipsteer {
namespace {

/// Longer Call-IDs are cut in what is kept: whoever sends them fills no memory.
constexpr std::size_t kMostText = 128;

std::string kept(std::string_view text) { return std::string{text.substr(0, kMostText)}; }

std::uint64_t hash_of(std::string_view call_id) noexcept {
    return std::hash<std::string_view>{}(call_id.substr(0, kMostText)) | 1U;  // 0 is an empty slot
}

bool may_belong(Method method) noexcept {
    return method == Method::invite || method == Method::refer || method == Method::notify ||
           method == Method::bye || method == Method::cancel;
}

std::string name_of(const MessageView& message) {
    std::string method = kept(message.method_token());
    if (message.is_request()) return method;
    return std::to_string(message.status_code()) + " (" + method + ")";
}

/// Of the REFER's own dialog only what reports the transfer or ends the call; of the replaced one its end.
bool tells(const TransferStory& story, const MessageView& message) noexcept {
    const std::string_view call_id = message.call_id().substr(0, kMostText);
    if (call_id == story.invite_call_id) return true;
    if (message.method() == Method::bye) return message.is_request();
    if (call_id != story.refer_call_id) return false;
    return message.method() == Method::refer || (message.method() == Method::notify && message.is_request());
}

}  // namespace

bool TransferStories::concerns(const MessageView& message) const noexcept {
    if (watching_.load(std::memory_order_relaxed) == 0 || !may_belong(message.method())) return false;
    const std::uint64_t hash = hash_of(message.call_id());
    for (std::size_t i = 0; i < kWatchProbes; ++i) {
        if (watched_[(hash + i) % kWatchSlots].load(std::memory_order_relaxed) == hash) return true;
    }
    return false;
}

void TransferStories::watch(std::string_view call_id, bool on) {
    if (call_id.empty()) return;
    const std::uint64_t hash = hash_of(call_id);
    for (std::size_t i = 0; i < kWatchProbes; ++i) {
        auto& slot = watched_[(hash + i) % kWatchSlots];
        const std::uint64_t held = slot.load(std::memory_order_relaxed);
        if (held == hash && on) return;
        if (held != (on ? 0 : hash)) continue;
        slot.store(on ? hash : 0, std::memory_order_relaxed);
        watching_.fetch_add(on ? 1 : static_cast<std::uint32_t>(-1), std::memory_order_relaxed);
        return;
    }
}

TransferStory& TransferStories::begin(std::int64_t at_ms) {
    if (stories_.size() == kStories) {
        const TransferStory oldest = std::move(stories_.front());
        stories_.pop_front();
        for (const auto* id : {&oldest.refer_call_id, &oldest.replaced_call_id, &oldest.invite_call_id}) {
            if (find(*id) == nullptr) watch(*id, false);
        }
    }
    TransferStory& story = stories_.emplace_back();
    story.number = ++last_number_;
    story.began_ms = at_ms;
    return story;
}

/// The newest that has this Call-ID in any place.
TransferStory* TransferStories::find(std::string_view call_id) {
    call_id = call_id.substr(0, kMostText);
    const auto found =
        std::find_if(stories_.rbegin(), stories_.rend(), [call_id](const TransferStory& story) {
            return story.invite_call_id == call_id || story.refer_call_id == call_id ||
                   story.replaced_call_id == call_id;
        });
    return found == stories_.rend() ? nullptr : &*found;
}

void TransferStories::add_step_to(TransferStory& story, const MessageView& message, const Seen& seen) {
    std::string name = name_of(message);
    for (TransferStep& step : story.steps) {
        if (step.message == name && step.from == seen.from && step.to == seen.to) {
            ++step.copies;
            return;
        }
    }
    if (story.steps.size() < kSteps) {
        story.steps.push_back({seen.at_ms, std::move(name), kept(seen.from), kept(seen.to),
                               std::string{to_string(seen.reason)}});
    }
}

bool TransferStories::add_refer(const MessageView& message, const Refer& refer, const Seen& seen) {
    const std::lock_guard lock(mutex_);
    const std::string call_id = kept(message.call_id());
    const std::string replaced = kept(refer.replaced_call_id);
    const auto same = std::find_if(stories_.rbegin(), stories_.rend(), [&](const TransferStory& story) {
        return story.refer_call_id == call_id && story.replaced_call_id == replaced && story.status == 0;
    });
    if (same != stories_.rend()) {
        add_step_to(*same, message, seen);
        return false;
    }
    TransferStory& story = begin(seen.at_ms);
    story.refer_call_id = call_id;
    story.replaced_call_id = replaced;
    story.referred_at = kept(seen.server);
    story.owner = kept(refer.owner);
    watch(call_id, true);
    watch(replaced, true);
    add_step_to(story, message, seen);
    return true;
}

void TransferStories::add_transfer(const MessageView& message, std::string_view replaced_call_id,
                                   const Seen& seen) {
    const std::lock_guard lock(mutex_);
    const std::string call_id = kept(message.call_id());
    const std::string replaced = kept(replaced_call_id);
    TransferStory* story = nullptr;
    for (TransferStory& each : stories_) {
        if (each.invite_call_id.empty() && each.replaced_call_id == replaced) story = &each;
    }
    for (TransferStory& each : stories_) {  // a repetition, or with credentials now, is no new one
        if (each.invite_call_id == call_id) story = &each;
    }
    if (story == nullptr) {
        story = &begin(seen.at_ms);
        story->replaced_call_id = replaced;
        watch(replaced, true);
    }
    story->invite_call_id = call_id;
    // A repetition that is absorbed while the first one waits decides nothing.
    if (story->reason.empty() || seen.reason != RouteReason::transfer_waiting) {
        story->reason = to_string(seen.reason);
    }
    story->server = kept(seen.server);
    watch(call_id, true);
    add_step_to(*story, message, seen);
}

void TransferStories::add_step(const MessageView& message, const Seen& seen) {
    const std::lock_guard lock(mutex_);
    TransferStory* story = find(message.call_id());
    if (story == nullptr || !tells(*story, message)) return;
    if (!message.is_request() && message.method() == Method::invite && message.status_code() >= 200 &&
        story->invite_call_id == message.call_id().substr(0, kMostText)) {
        story->status = message.status_code();
    }
    add_step_to(*story, message, seen);
}

std::vector<TransferStory> TransferStories::list(std::size_t most) const {
    const std::lock_guard lock(mutex_);
    std::vector<TransferStory> result;
    for (auto story = stories_.rbegin(); story != stories_.rend() && result.size() < most; ++story) {
        result.push_back(*story);
    }
    return result;
}

}  // namespace sipsteer
