#include "proxy/recent_calls.hpp"

#include <algorithm>
#include <thread>

#include "routing/copy_bytes.hpp"

namespace sipsteer {

template <std::size_t N>
void RecentCalls::Text<N>::set(std::string_view text) noexcept {
    text = text.substr(0, N);
    size = static_cast<std::uint8_t>(text.size());
    copy_bytes(bytes.data(), text);
}

void RecentCalls::add(const MessageView& answer, ServerId server, std::int64_t at_ms) noexcept {
    if (busy_.test_and_set(std::memory_order_acquire)) return;
    Record& record = records_[written_++ % kCalls];
    record.at_ms = at_ms;
    record.server = server;
    record.status = answer.status_code();
    record.call_id.set(answer.call_id());
    record.from.set(answer.from_uri());
    record.to.set(answer.to_uri());
    busy_.clear(std::memory_order_release);
}

std::vector<RecentCalls::Call> RecentCalls::find(std::string_view call_id, std::size_t most) const {
    call_id = call_id.substr(0, kCallIdBytes);
    std::vector<Call> result;
    while (busy_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
    for (std::size_t i = 1; i <= std::min<std::uint64_t>(written_, kCalls) && result.size() < most; ++i) {
        const Record& record = records_[(written_ - i) % kCalls];
        if (record.call_id.view() != call_id) continue;
        result.push_back({record.at_ms, record.server, record.status, std::string{record.from.view()},
                          std::string{record.to.view()}});
    }
    busy_.clear(std::memory_order_release);
    return result;
}

}  // namespace sipsteer
