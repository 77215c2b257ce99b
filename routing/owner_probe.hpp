#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "parser/message_view.hpp"
#include "parser/replaces.hpp"
#include "routing/keyed_hash.hpp"
#include "routing/media_server.hpp"

namespace sipsteer {

using Milliseconds = std::chrono::milliseconds;

/// What a probe's answer brings back in its branch: who asked, which question, and which server.
struct ProbeTicket {
    std::uint8_t worker = 0;
    std::uint32_t question = 0;
    ServerId server = kNoServer;
};

/// Writes the probe: an in-dialog OPTIONS with the dialog's ids and CSeq 0, which a server answers 481
/// when the dialog is not its own, and which leaves its own dialogs untouched (a CSeq above 0 would not).
/// `host_port` is the server's. None: it does not fit into `out`.
[[nodiscard]] std::optional<std::size_t> write_probe(const KeyedHash& sign, const ProbeTicket& ticket,
                                                     std::string_view sent_by, std::string_view host_port,
                                                     const Replaces& dialog, std::span<char> out) noexcept;

/// The ticket of an answer to a probe of ours. None: it is none, or not the one that we sent.
[[nodiscard]] std::optional<ProbeTicket> read_probe_ticket(const KeyedHash& sign,
                                                           const MessageView& response) noexcept;

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
