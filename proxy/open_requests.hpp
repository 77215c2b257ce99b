#pragma once

#include <cstdint>
#include <string_view>

namespace sipsteer {

/// How many requests went one way over a connection without a final answer the other way. Calls share a
/// connection to a server, so what its last message was tells nothing about the others. A count, not a list:
/// a final answer that comes twice counts for another request, until that one's next provisional answer; one
/// that never comes counts for kTimerC behind the last request or provisional answer.
class OpenRequests {
  public:
    /// RFC 3261 §16.6 step 11: the least that a proxy gives an INVITE. Seconds.
    static constexpr std::uint32_t kTimerC = 180;

    /// `now`: seconds of any clock that does not jump.
    void add(std::string_view request, std::uint32_t now) noexcept;
    /// Nobody will answer that request after all.
    void take_back(std::string_view request) noexcept;
    void answer(std::string_view response, std::uint32_t now) noexcept;

    [[nodiscard]] bool any(std::uint32_t now) const noexcept { return count_ != 0 && now - last_ <= kTimerC; }

  private:
    std::uint32_t count_ = 0;
    std::uint32_t last_ = 0;  ///< request or provisional answer
};

}  // namespace sipsteer
