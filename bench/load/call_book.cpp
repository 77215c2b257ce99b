#include "bench/load/call_book.hpp"

#include <limits>

namespace sipsteer::load {

CallBook::CallBook(std::size_t capacity, std::uint32_t run) : run_(run), calls_(capacity), due_(capacity) {
    free_.reserve(capacity);
}

Call* CallBook::begin() noexcept {
    std::size_t slot = 0;
    if (!free_.empty()) {  // the one used last is in the cache
        slot = free_.back();
        free_.pop_back();
    } else if (used_ < calls_.size()) {
        slot = used_++;
    } else {
        return nullptr;
    }
    Call& call = calls_[slot];
    call.number = turn_++ * calls_.size() + slot;
    call.server = Call::kNoServer;
    call.waits = Call::Waits::nothing;
    call.answered = call.ringing = call.acked = false;
    call.tries = 0;
    call.replaces = call.replaced_by = 0;
    call.request_sent = call.response_sent = 0;
    call.phone_routes.size = call.server_routes.size = call.ok.size = 0;
    due_[slot] = std::numeric_limits<Time>::max();
    ++active_;
    return &call;
}

Call* CallBook::find(CallNumber number) noexcept {
    Call& call = calls_[number % calls_.size()];
    return number != 0 && call.number == number ? &call : nullptr;
}

void CallBook::end(Call& call) noexcept {
    call.number = 0;
    due_[slot_of(call)] = 0;
    free_.push_back(static_cast<std::uint32_t>(slot_of(call)));
    --active_;
}

}  // namespace sipsteer::load
