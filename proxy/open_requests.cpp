#include "proxy/open_requests.hpp"

#include <algorithm>

namespace sipsteer {
namespace {

bool gets_answer(std::string_view request) noexcept { return !request.starts_with("ACK "); }

constexpr std::size_t kStatusAt = std::string_view{"SIP/2.0 "}.size();

}  // namespace

void OpenRequests::add(std::string_view request, std::uint32_t now) noexcept {
    if (!gets_answer(request)) return;
    ++count_;
    last_ = now;
}

void OpenRequests::take_back(std::string_view request) noexcept {
    if (gets_answer(request) && count_ != 0) --count_;
}

void OpenRequests::answer(std::string_view response, std::uint32_t now) noexcept {
    if (response.substr(kStatusAt).starts_with('1')) {
        count_ = std::max(count_, 1U);
        last_ = now;
    } else if (count_ != 0) {
        --count_;
    }
}

}  // namespace sipsteer
