#pragma once

#include <array>
#include <optional>
#include <span>

#include "routing/decision.hpp"
#include "routing/held_requests.hpp"
#include "routing/hex.hpp"
#include "routing/miss_limit.hpp"
#include "routing/per_server.hpp"
#include "routing/probe.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// Whether a server's answers to probes can be believed: it said 481 to one with random tags. Found out
/// by asking, again and again; shared by all workers.
enum class ProbeUse : std::uint8_t { unknown, usable, unusable };
using ProbeUses = PerServer<ProbeUse>;

/// The questions of one worker, to the servers: which of you owns this dialog? And to DNS: where is the next
/// hop of this name? Holds the requests that wait for the answer. Without sockets and clock: the worker sends
/// what write() gives it, and has names looked up.
class OwnerQuestions {
  public:
    OwnerQuestions(const ProbeUses& uses, std::uint8_t worker) noexcept : uses_(uses), worker_(worker) {}

    /// Holds the request and opens a question about `dialog`, which points into `message.bytes`. None:
    /// there is nobody to ask, the store is full, or that stranger asks too often.
    [[nodiscard]] std::optional<HeldRequests::Id> ask(const Snapshot& snapshot, const Source& source,
                                                      std::uint64_t key, const HeldMessage& message,
                                                      const Replaces& dialog, Milliseconds now);

    /// Holds the request until DNS has answered, or for as long as a probe. None: the store is full.
    [[nodiscard]] std::optional<HeldRequests::Id> ask_name(const NextHopName& name, std::uint64_t key,
                                                           const HeldMessage& message, std::uint64_t hash,
                                                           Milliseconds now);
    /// The name that this request waits for. nullptr: it waits for the servers, or for nothing any more.
    [[nodiscard]] const NameQuestion* name_of(HeldRequests::Id id) noexcept {
        HeldRequests::Held* const held = held_.find(id);
        return held == nullptr ? nullptr : std::get_if<NameQuestion>(&held->question);
    }
    void name_answered(std::uint64_t name) noexcept { held_.name_answered(name); }

    [[nodiscard]] HeldRequests::Offer offer(std::uint64_t key, const HeldMessage& message) {
        return held_.offer(key, message);
    }
    void answer(const ProbeTicket& ticket, ProbeVerdict verdict, Milliseconds now) noexcept;
    /// Takes out a request whose question is answered, or has waited long enough. None: there is none.
    [[nodiscard]] std::optional<HeldRequests::Held> take_settled(const Snapshot& snapshot, Milliseconds now);
    [[nodiscard]] bool empty() const noexcept { return held_.empty(); }

    /// Calls `send(endpoint, listener, size)` for each probe of the question, written into `out`.
    template <class Send>
    void write(const Snapshot& snapshot, HeldRequests::Id id, std::span<char> out, Send send) {
        const HeldRequests::Held* held = held_.find(id);
        const auto* const asked = held == nullptr ? nullptr : std::get_if<OwnerQuestion>(&held->question);
        if (asked == nullptr) return;
        for (const ServerId server : asked->probe.asked()) {
            // Its trial goes first, so that its answer can be believed when it comes.
            if (uses_.get(server) == ProbeUse::unknown)
                write_trial(snapshot, server, asked->dialog.call_id, out, send);
            write_one(snapshot, {ProbeKind::owner, worker_, id, server}, asked->dialog, out, send);
        }
    }

    /// A probe of a dialog that nobody has, to learn whether the server's answers can be believed.
    /// `text`: anything that differs from time to time.
    template <class Send>
    void write_trial(const Snapshot& snapshot, ServerId server, std::string_view text, std::span<char> out,
                     Send send) {
        std::array<char, 16> hex;
        write_hex(hex.data(), KeyedHash::Input{snapshot.key.sign}.add("trial").add(text).finish(), 16);
        const std::string_view nobodys{hex.data(), hex.size()};
        write_one(snapshot, {ProbeKind::trial, worker_, 0, server}, {nobodys, nobodys, nobodys, false}, out,
                  send);
    }

  private:
    template <class Send>
    static void write_one(const Snapshot& snapshot, const ProbeTicket& ticket, const Replaces& dialog,
                          std::span<char> out, Send send) {
        if (const auto probe = write_probe(snapshot, ticket, dialog, out))
            send(probe->to, probe->listener, probe->size);
    }

    const ProbeUses& uses_;
    std::uint8_t worker_;
    HeldRequests held_;
    MissLimit strangers_;
};

}  // namespace sipsteer
