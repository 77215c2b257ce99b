#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "parser/sip_uri.hpp"

namespace sipsteer {

struct Snapshot;

/// A user's address-of-record (RFC 3261 §10) as keyed hashes. The user counts byte for byte, with its
/// escapes read (§19.1.4) and without password; of a tel URI the number. The domain counts without regard
/// to case; our own addresses, with or without port, are domain 0.
struct AorKey {
    std::uint64_t user = 0;  ///< never 0
    std::uint32_t domain = 0;

    friend constexpr bool operator==(const AorKey&, const AorKey&) noexcept = default;
};

/// None: the URI names no user.
[[nodiscard]] std::optional<AorKey> aor_key(const Snapshot& snapshot, const SipUri& uri) noexcept;

/// The hash that AorKey::user is. `user` as in a URI.
[[nodiscard]] std::uint64_t aor_user_hash(const Snapshot& snapshot, std::string_view user) noexcept;

/// The user of a SIP URI, escapes as they stand; the number of a tel URI. Empty when there is none.
[[nodiscard]] std::string_view user_of(const SipUri& uri) noexcept;

}  // namespace sipsteer
