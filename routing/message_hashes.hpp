#pragma once

#include <cstdint>
#include <optional>

#include "parser/message_view.hpp"
#include "routing/call_digest.hpp"
#include "routing/dialog_key.hpp"
#include "routing/media_server.hpp"

namespace sipsteer {

/// The keyed hashes of what identifies a message: its Call-ID, and its tags once they are asked for, so that
/// none is hashed twice. One for each message; key and message must outlive it.
class MessageHashes {
  public:
    MessageHashes(const ClusterKey& key, const MessageView& message) noexcept
        : key_(key), message_(message), call_(call_digest(key, message.call_id())) {}

    [[nodiscard]] const CallDigest& call() const noexcept { return call_; }
    [[nodiscard]] std::uint64_t from_tag() const noexcept { return once(from_tag_, message_.from_tag()); }
    [[nodiscard]] std::uint64_t to_tag() const noexcept { return once(to_tag_, message_.to_tag()); }

    /// The dialog as the end sees it whose tag stands in From.
    [[nodiscard]] DialogKey dialog_of_sender() const noexcept {
        return dialog_key(call_, from_tag(), to_tag());
    }

    /// The key of the pin of an INVITE: the side it came from, Call-ID and From tag.
    [[nodiscard]] std::uint64_t pin_key(ServerId origin) const noexcept;

  private:
    std::uint64_t once(std::optional<std::uint64_t>& held, std::string_view tag) const noexcept {
        if (!held) held = tag_hash(key_, tag);
        return *held;
    }

    const ClusterKey& key_;
    const MessageView& message_;
    CallDigest call_;
    mutable std::optional<std::uint64_t> from_tag_;
    mutable std::optional<std::uint64_t> to_tag_;
};

}  // namespace sipsteer
