#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "routing/probe.hpp"
#include "routing/server_health.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// What health says about one server.
struct HealthReport {
    ServerId server = kNoServer;
    bool up = true;
    std::uint16_t share = kFullShare;     ///< less while it comes back slowly
    DownCause cause = DownCause::silent;  ///< when down
    std::uint16_t status = 0;             ///< the answer, when that was the cause
};

/// The health of all servers: what to send and when, and what has changed. One for the process. Without
/// sockets and clock: a worker sends what due() says, and comes back at next().
class HealthChecks {
  public:
    /// Takes over another snapshot. Servers that stay keep their health; maintenance ends it, and behind
    /// maintenance a server starts slowly.
    void follow(const Snapshot& snapshot, Microseconds now);

    /// The checks to send now, as write_health_check() takes them. `heard`: how many messages have come
    /// from that server so far.
    using Heard = std::function<std::uint64_t(ServerId)>;
    [[nodiscard]] std::vector<ProbeTicket> due(const Snapshot& snapshot, Microseconds now,
                                               const Heard& heard);

    void answered(const Snapshot& snapshot, const ProbeTicket& ticket, std::uint16_t status,
                  Microseconds now) noexcept;
    /// A packet or connection to that server was refused.
    void refused(ServerId server, Microseconds now) noexcept;

    /// What differs from what the snapshot says.
    [[nodiscard]] std::vector<HealthReport> changes(const Snapshot& snapshot, Microseconds now) const;

    /// When there may be something new. None: checks are off.
    [[nodiscard]] std::optional<Microseconds> next(Microseconds now) const noexcept;

    /// Moving average of the time to an answer; 0: unknown.
    [[nodiscard]] Microseconds round_trip(ServerId server) const noexcept;

    /// A server that comes back has its whole share of new calls after this long, in steps.
    static constexpr Microseconds kSlowStart = std::chrono::seconds{30};
    static constexpr unsigned kSteps = 10;

  private:
    struct Entry {
        ServerId server = kNoServer;
        ServerHealth health;
        bool in_maintenance = false;
        std::uint32_t number = 0;                  ///< of the last check
        std::uint64_t heard = 0;                   ///< when it went
        std::optional<Microseconds> back_since{};  ///< while it comes back slowly
    };
    [[nodiscard]] static std::uint16_t share(const Entry& entry, Microseconds now) noexcept;
    [[nodiscard]] const Entry* find(ServerId server) const noexcept;

    std::vector<Entry> entries_;
    bool on_ = false;
};

/// Writes a health check: an OPTIONS outside of any dialog. None: as write_probe().
[[nodiscard]] std::optional<WrittenProbe> write_health_check(const Snapshot& snapshot,
                                                             const ProbeTicket& ticket,
                                                             std::span<char> out) noexcept;

}  // namespace sipsteer
