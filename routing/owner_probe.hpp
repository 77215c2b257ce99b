#pragma once

#include <cstdint>
#include <vector>

#include "routing/media_server.hpp"
#include "routing/time_units.hpp"

namespace sipsteer {

enum class ProbeVerdict : std::uint8_t { mine, not_mine, unknown };

/// 200 and 500 (Invalid CSeq) are an owner's answers, 481 a stranger's; all else says nothing.
[[nodiscard]] constexpr ProbeVerdict probe_verdict(std::uint16_t status) noexcept {
    if (status == 200 || status == 500) return ProbeVerdict::mine;
    return status == 481 ? ProbeVerdict::not_mine : ProbeVerdict::unknown;
}

/// One question to several servers: who owns this dialog? A state machine without I/O or clock.
class OwnerProbe {
  public:
    OwnerProbe(std::vector<ServerId> asked, Milliseconds now)
        : asked_(std::move(asked)), deadline_(now + kPatience) {}

    [[nodiscard]] const std::vector<ServerId>& asked() const noexcept { return asked_; }

    /// Answers of servers that were not asked, or have answered, are without effect.
    void answer(ServerId server, ProbeVerdict verdict, Milliseconds now) noexcept;

    [[nodiscard]] bool settled(Milliseconds now) const noexcept {
        return answered_ == asked_.size() || now >= deadline_;
    }

    /// The server that owns it; kNoServer when none said so, or two did.
    [[nodiscard]] ServerId owner() const noexcept { return contradicted_ ? kNoServer : owner_; }

    /// Longer than a healthy server ever takes, shorter than the second retransmission of an INVITE.
    static constexpr Milliseconds kPatience{500};
    /// Once one server says yes, the others get this long to contradict.
    static constexpr Milliseconds kContradiction{30};

  private:
    std::vector<ServerId> asked_;  ///< those that have answered are moved to the front
    std::size_t answered_ = 0;     ///< how many have
    Milliseconds deadline_;
    ServerId owner_ = kNoServer;
    bool contradicted_ = false;
};

}  // namespace sipsteer
