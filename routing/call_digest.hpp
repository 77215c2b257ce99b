#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <string_view>

#include "routing/keyed_hash.hpp"

namespace sipsteer {

/// A Call-ID as a keyed hash of 128 bits: made once for a message, and what tables, placement and signatures
/// go on with. Nobody without the cluster key can find two Call-IDs of one digest.
struct CallDigest {
    std::uint64_t low = 0;   ///< the key of the tables; never 0
    std::uint64_t high = 0;  ///< what placement goes by

    /// For what is signed in a message of this Call-ID: the digest as a key. It is 128 bits of a keyed hash,
    /// so a MAC with it is one over the Call-ID too, and the Call-ID is hashed but once. No message shows any
    /// of them; `low` stands in the table file, which is as private as the key file.
    [[nodiscard]] KeyedHash sign() const noexcept {
        return KeyedHash{std::bit_cast<KeyedHash::Key>(std::array{low, high})};
    }

    friend constexpr bool operator==(const CallDigest&, const CallDigest&) noexcept = default;
};

[[nodiscard]] inline CallDigest call_digest(const ClusterKey& key, std::string_view call_id) noexcept {
    const auto [low, high] = key.call.wide(call_id);
    return {low == 0 ? 1 : low, high};
}

}  // namespace sipsteer
