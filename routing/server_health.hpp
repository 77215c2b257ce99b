#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "routing/health_policy.hpp"

namespace sipsteer {

/// What made a server go down.
enum class DownCause : std::uint8_t {
    silent,   ///< checks without an answer
    refused,  ///< a port unreachable, or a refused connection, and silence behind it
    answer,   ///< answers that do not mean alive
};

[[nodiscard]] constexpr std::string_view to_string(DownCause cause) noexcept {
    switch (cause) {
        case DownCause::silent: return "silent";
        case DownCause::refused: return "refused";
        case DownCause::answer: return "answer";
    }
    return "silent";
}

/// Up or down: what checks of one server have shown. A state machine without I/O and clock; servers start
/// up. With the default of two failures, a server that dies is down within 1.9 intervals:
///
///     |<--- interval --->|<-- patience -->|<-- patience -->|
///     answered, dies     check     copy    check    copy    down
///
/// A refusal alone takes nobody down, since anybody can forge it: it is a reason to ask at once, and
/// who does not answer that within kDoubt is down.
class ServerHealth {
  public:
    /// `id`: spreads the checks of several servers in time.
    ServerHealth(std::uint32_t id, Microseconds now) noexcept
        : id_(id), number_(static_cast<std::uint32_t>(now / std::chrono::seconds{1})), next_(now) {}

    /// The number of the check to send now, a new one or a copy of the last. None: nothing to send.
    /// `heard`: the server has sent anything at all since the last check went. Then a missing answer is no
    /// miss: where a flood costs us packets, answers are among them, and all servers would be down at once.
    [[nodiscard]] std::optional<std::uint32_t> due(const HealthPolicy& policy, Microseconds now,
                                                   bool heard = false) noexcept;

    /// A final answer to the check of that number; to an older one it is without effect.
    void answered(const HealthPolicy& policy, std::uint32_t number, std::uint16_t status,
                  Microseconds now) noexcept;

    /// The server's host, or somebody in its name, refused a packet or a connection.
    void refused(Microseconds now) noexcept;

    [[nodiscard]] bool up() const noexcept { return up_; }
    [[nodiscard]] DownCause cause() const noexcept { return cause_; }
    [[nodiscard]] std::uint16_t status() const noexcept { return status_; }  ///< of the last answer, or 0
    /// Moving average of the time to an answer; 0: no answer yet.
    [[nodiscard]] Microseconds round_trip() const noexcept { return round_trip_; }
    /// When due() may have something to send.
    [[nodiscard]] Microseconds next() const noexcept { return next_; }

    /// How long a check waits for its answer: 45 % of the interval; half of that until its copy goes.
    [[nodiscard]] static Microseconds patience(const HealthPolicy& policy) noexcept {
        return Microseconds{policy.interval} * 9 / 20;
    }
    static constexpr Milliseconds kDoubt{50};        ///< detection of a refusal is to take 100 ms at most
    static constexpr Milliseconds kDoubtPause{250};  ///< forged refusals cost four checks a second

  private:
    void failed(const HealthPolicy& policy, DownCause cause, bool at_once) noexcept;
    /// The interval, less up to a tenth, so that servers are not all checked at the same moment.
    [[nodiscard]] Microseconds pause(const HealthPolicy& policy) const noexcept;

    std::uint32_t id_;
    std::uint32_t number_;     ///< of the last check; goes on over a restart, not to repeat a transaction
    std::uint32_t fails_ = 0;  ///< in a row
    std::uint32_t rises_ = 0;  ///< in a row, while down
    std::uint16_t status_ = 0;
    DownCause cause_ = DownCause::silent;
    bool up_ = true;
    bool open_ = false;     ///< the last check waits for its answer
    bool copied_ = false;   ///< and was sent twice
    bool doubted_ = false;  ///< a refusal was the reason for it
    Microseconds sent_{0};
    Microseconds next_;
    Microseconds no_doubt_before_{0};
    Microseconds round_trip_{0};
};

}  // namespace sipsteer
