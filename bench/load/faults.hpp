#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace sipsteer::load {

/// What a middle may do wrong.
enum class Fault : std::uint8_t {
    not_sip,
    via_not_added,      ///< a server saw a request without the proxy's Via on top
    via_not_stripped,   ///< an answer whose top Via is not its receiver's own
    lower_via_changed,  ///< a Via below
    max_forwards,       ///< not one less
    route_left,         ///< the proxy's own Route was passed on
    no_record_route,    ///< an INVITE without
    wrong_server,       ///< a request of a call reached another server than its INVITE
    wrong_owner,        ///< an INVITE with Replaces did not reach the owner of that call
    wrong_phone,        ///< an answer, or a server's request, reached another phone
    dialog_changed,     ///< From, To or Call-ID
    body_changed,
    unexpected_status,
    unknown_call,
    count_
};

[[nodiscard]] std::string_view to_string(Fault fault) noexcept;

/// Counts faults, and keeps the first message that had one.
class Faults {
  public:
    void add(Fault fault, std::string_view message);

    [[nodiscard]] std::uint64_t count(Fault fault) const noexcept {
        return counts_[static_cast<std::size_t>(fault)];
    }
    [[nodiscard]] std::uint64_t total() const noexcept;
    /// The first fault and its message; empty without any.
    [[nodiscard]] const std::string& first() const noexcept { return first_; }

  private:
    std::array<std::uint64_t, static_cast<std::size_t>(Fault::count_)> counts_{};
    std::string first_;
};

}  // namespace sipsteer::load
