#include "proxy/log_limiter.hpp"

#include <utility>

namespace sipsteer {

LogLimiter::Verdict LogLimiter::admit(std::string_view event, TimePoint now, std::uint32_t per_second) {
    const std::lock_guard lock(mutex_);
    auto found = windows_.find(event);
    if (found == windows_.end()) {
        const auto name = windows_.size() < kMaxEvents ? event : std::string_view{};
        found = windows_.try_emplace(std::string(name), Window{now}).first;
    }
    auto& window = found->second;
    if (now - window.start >= std::chrono::seconds{1}) {
        window.start = now;
        window.written = 0;
    }
    if (window.written >= per_second) {
        ++window.suppressed;
        return {};
    }
    ++window.written;
    return {true, std::exchange(window.suppressed, 0)};
}

}  // namespace sipsteer
