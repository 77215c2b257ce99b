#include "proxy/auth_refusals.hpp"

#include <functional>
#include <utility>

#include "routing/dialog_key.hpp"

namespace sipsteer {
namespace {

constexpr std::int64_t kLineEveryMs = 1000;

bool is_stale(const MessageView& response) noexcept {
    const std::string_view headers{
        response.bytes().data(), static_cast<std::size_t>(response.headers_end() - response.bytes().data())};
    return headers.find("stale=true") != headers.npos || headers.find("stale=TRUE") != headers.npos;
}

/// One word for a request and its response (RFC 3261 §8.2.6.2). The next CSeq number's is the next.
std::uint64_t word_of(const ClusterKey& key, const MessageView& message) noexcept {
    return call_digest(key, message.call_id()).low + message.cseq_number();
}

}  // namespace

void AuthRefusals::mark(std::uint64_t request) noexcept {
    marks_[request % kMarks].store(request, std::memory_order_relaxed);
}

bool AuthRefusals::is_marked(std::uint64_t request) const noexcept {
    return marks_[request % kMarks].load(std::memory_order_relaxed) == request;
}

void AuthRefusals::note_request(const ClusterKey& key, const MessageView& request) noexcept {
    if (request.has(HeaderId::authorization)) mark(word_of(key, request));
}

bool AuthRefusals::note_response(const ClusterKey& key, const MessageView& response) noexcept {
    const std::uint16_t status = response.status_code();
    if (status != 401 && status != 403 && status != 407) return false;
    const std::uint64_t request = word_of(key, response);
    if (status == 407) mark(request + 1);
    return is_marked(request) && !is_stale(response);
}

std::optional<std::uint32_t> AuthRefusals::count(const IpAddress& address, std::int64_t now_ms) {
    total_.fetch_add(1, std::memory_order_relaxed);
    const std::unique_lock lock(mutex_, std::try_to_lock);
    if (!lock) return std::nullopt;
    const std::string_view bytes{reinterpret_cast<const char*>(address.bytes.data()), address.bytes.size()};
    Refused& refused = addresses_[std::hash<std::string_view>{}(bytes) % kAddresses];
    if (refused.address != address) refused = {.address = address};
    ++refused.since_line;
    if (refused.line_ms != 0 && now_ms - refused.line_ms < kLineEveryMs) return std::nullopt;
    refused.line_ms = now_ms;
    return std::exchange(refused.since_line, 0);
}

}  // namespace sipsteer
