#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "parser/message_view.hpp"
#include "routing/route_reason.hpp"

namespace sipsteer {

/// Where the dialog is that a REFER's Refer-To names: label values of `sipsteer_refers_total`.
enum class ReferOwner : std::uint8_t { other_server, same_server, unknown, kCount };
inline constexpr std::array<std::string_view, 3> kReferOwnerWords{"other_server", "same_server", "unknown"};

/// One message of a transfer, repetitions counted.
struct TransferStep {
    std::int64_t at_ms = 0;  ///< since 1970
    std::string message;     ///< "REFER", "200 (INVITE)"
    std::string from;        ///< a server's name, else an address
    std::string to;          ///< likewise; empty: it was not sent on
    std::string reason;
    std::uint32_t copies = 1;
};

/// What is known of one transfer, from the REFER, or from the INVITE when no REFER was seen, to the answer.
struct TransferStory {
    std::uint64_t number = 0;  ///< 1, 2, 3 ... since the start
    std::int64_t began_ms = 0;
    std::string refer_call_id;     ///< empty: no REFER was seen
    std::string replaced_call_id;  ///< of the dialog that Replaces names
    std::string invite_call_id;    ///< empty: no INVITE yet
    std::string referred_at;       ///< server that got, or sent, the REFER
    std::string owner;             ///< of the replaced dialog when the REFER came; empty: unknown
    std::string reason;            ///< of the INVITE
    std::string server;            ///< that the INVITE went to
    std::uint16_t status = 0;      ///< the INVITE's final answer; 0: none yet
    std::vector<TransferStep> steps;
};

/// The last transfers and what became of them, for the page, `trace` and people. Bounded. A message that is
/// of no transfer costs a hash and a look into an array, and only one of five methods; others take a lock.
class TransferStories {
  public:
    static constexpr std::size_t kStories = 100;
    static constexpr std::size_t kSteps = 32;

    /// What a worker knows about a message besides its bytes.
    struct Seen {
        std::int64_t at_ms = 0;
        std::string_view from;
        std::string_view to;      ///< empty: it was not sent on
        std::string_view server;  ///< it goes to, else comes from; empty: neither
        RouteReason reason = RouteReason::response;
    };
    struct Refer {
        std::string_view replaced_call_id;
        std::string_view owner;  ///< empty: unknown
    };

    /// The message belongs to a transfer that is kept. Any thread, no lock.
    [[nodiscard]] bool concerns(const MessageView& message) const noexcept;

    /// A REFER whose Refer-To names a dialog. True when it is the first copy: count and log it.
    bool add_refer(const MessageView& message, const Refer& refer, const Seen& seen);
    /// An INVITE, or another request, that a transfer decision routed.
    void add_transfer(const MessageView& message, std::string_view replaced_call_id, const Seen& seen);
    /// Any message that concerns() one.
    void add_step(const MessageView& message, const Seen& seen);

    /// The newest `most` ones, newest first.
    [[nodiscard]] std::vector<TransferStory> list(std::size_t most) const;

    void count_refer(ReferOwner owner) noexcept { refers_[static_cast<std::size_t>(owner)].fetch_add(1); }
    [[nodiscard]] std::uint64_t refers(ReferOwner owner) const noexcept {
        return refers_[static_cast<std::size_t>(owner)].load(std::memory_order_relaxed);
    }

  private:
    static constexpr std::size_t kWatchSlots = 2048;  ///< many times the Call-IDs of all stories
    static constexpr std::size_t kWatchProbes = 8;

    TransferStory& begin(std::int64_t at_ms);
    TransferStory* find(std::string_view call_id);
    void watch(std::string_view call_id, bool on);
    static void add_step_to(TransferStory& story, const MessageView& message, const Seen& seen);

    mutable std::mutex mutex_;
    std::deque<TransferStory> stories_;  ///< oldest first
    std::uint64_t last_number_ = 0;
    std::array<std::atomic<std::uint64_t>, kWatchSlots> watched_{};  ///< hashes of their Call-IDs
    std::atomic<std::uint32_t> watching_{0};
    std::array<std::atomic<std::uint64_t>, 3> refers_{};
};

}  // namespace sipsteer
