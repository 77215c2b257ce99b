#include "proxy/message_trace.hpp"

#include <algorithm>
#include <functional>
#include <thread>

namespace sipsteer {
namespace {

std::uint64_t hash_of(std::string_view call_id) noexcept {
    return std::hash<std::string_view>{}(call_id) | 4U;  // never kAll, kTransfers or 0
}

}  // namespace

void MessageTrace::lock() noexcept {
    while (!try_lock()) std::this_thread::yield();
}

std::optional<std::size_t> MessageTrace::place_of(Session session) const noexcept {
    for (std::size_t i = 0; i < kSessions; ++i) {
        if (session != 0 && places_[i].name == session) return i;
    }
    return std::nullopt;
}

std::optional<MessageTrace::Session> MessageTrace::open(const TraceFilter& filter, std::int64_t now_ms) {
    expire(now_ms);
    const auto place = std::ranges::find(places_, Session{0}, &Place::name);
    if (place == places_.end()) return std::nullopt;
    if (slots_.empty()) {
        std::vector<Slot> slots(kSlots);
        for (Slot& slot : slots) slot.message.bytes.reserve(kMostBytes);
        lock();
        slots_ = std::move(slots);
        unlock();
    }
    place->name = ++last_session_;
    place->polled_ms = now_ms;
    const std::uint64_t wanted = filter.what == TraceFilter::What::all         ? kAll
                                 : filter.what == TraceFilter::What::transfers ? kTransfers
                                                                               : hash_of(filter.call_id);
    place->wanted.store(wanted, std::memory_order_relaxed);
    active_.fetch_or(1U << (place - places_.begin()), std::memory_order_release);
    return place->name;
}

std::optional<MessageTrace::Batch> MessageTrace::poll(Session session, std::uint64_t since, std::size_t most,
                                                      std::int64_t now_ms) {
    const auto place = place_of(session);
    if (!place) return std::nullopt;
    places_[*place].polled_ms = now_ms;
    Batch batch;
    lock();
    const std::uint64_t oldest = sequence_ > kSlots ? sequence_ - kSlots : 0;
    batch.next = std::max(since, oldest);
    while (batch.next < sequence_ && batch.messages.size() < most) {
        const Slot& slot = slots_[batch.next % kSlots];  // sequence numbers start at 1
        if ((slot.sessions & 1U << *place) != 0) batch.messages.push_back(slot.message);
        ++batch.next;
    }
    unlock();
    batch.lost = lost_.load(std::memory_order_relaxed);
    return batch;
}

void MessageTrace::close(Session session) {
    if (const auto place = place_of(session)) end(*place);
}

void MessageTrace::expire(std::int64_t now_ms) {
    for (std::size_t i = 0; i < kSessions; ++i) {
        if (places_[i].name != 0 && now_ms - places_[i].polled_ms > kAwakeMs) end(i);
    }
}

void MessageTrace::end(std::size_t place) noexcept {
    active_.fetch_and(~(1U << place), std::memory_order_relaxed);
    places_[place].wanted.store(0, std::memory_order_relaxed);
    places_[place].name = 0;
    lock();
    for (Slot& slot : slots_)
        slot.sessions &= ~(1U << place);  // the next one in this place sees its own only
    unlock();
}

std::uint32_t MessageTrace::wanted_by(std::string_view call_id, bool of_transfer) const noexcept {
    const std::uint32_t active = active_.load(std::memory_order_acquire);
    if (active == 0) return 0;
    const std::uint64_t hash = hash_of(call_id);
    std::uint32_t sessions = 0;
    for (std::size_t i = 0; i < kSessions; ++i) {
        const std::uint64_t wanted = places_[i].wanted.load(std::memory_order_relaxed);
        if (wanted == kAll || wanted == hash || (wanted == kTransfers && of_transfer)) sessions |= 1U << i;
    }
    return sessions & active;
}

void MessageTrace::add(std::uint32_t sessions, const Outcome& outcome, const Incoming& incoming,
                       const Snapshot& snapshot, std::int64_t at_ms) noexcept {
    if (!try_lock()) {
        lost_.fetch_add(1, std::memory_order_relaxed);
        return;
    }
    if (at_ms - second_ms_ >= 1000 || at_ms < second_ms_) {
        second_ms_ = at_ms;
        in_second_ = 0;
    }
    if (++in_second_ > kPerSecond) {
        lost_.fetch_add(1, std::memory_order_relaxed);
    } else {
        Slot& slot = slots_[sequence_ % kSlots];
        slot.sessions = sessions;
        TracedMessage& message = slot.message;
        message.sequence = ++sequence_;
        message.at_ms = at_ms;
        message.from = incoming.from;
        message.to = outcome.to;
        message.what = outcome.what;
        message.reason = outcome.reason;
        message.drop = outcome.drop;
        message.size = static_cast<std::uint32_t>(incoming.bytes.size());
        const auto name = [&snapshot](ServerId id) -> std::string_view {
            const auto index = snapshot.servers.by_id(id);
            return index ? std::string_view{snapshot.servers[*index].name} : std::string_view{};
        };
        message.from_server = name(outcome.from_server);
        message.to_server = name(outcome.to_server);
        message.bytes.assign(incoming.bytes.substr(0, kMostBytes));
    }
    unlock();
}

}  // namespace sipsteer
