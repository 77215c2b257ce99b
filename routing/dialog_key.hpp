#pragma once

#include <cstdint>
#include <string_view>

#include "routing/call_digest.hpp"

namespace sipsteer {

/// A dialog as one of its ends sees it, as keyed hashes: Call-ID byte for byte, tags without regard to
/// case (requirement 62). `local` is the tag of that end, `remote` of the other one. An absent tag and
/// the tag "0" are the same (RFC 3891 §3).
struct DialogKey {
    std::uint64_t call = 0;  ///< never 0
    std::uint32_t local = 0;
    std::uint32_t remote = 0;

    friend constexpr bool operator==(const DialogKey&, const DialogKey&) noexcept = default;

    [[nodiscard]] constexpr DialogKey reversed() const noexcept { return {call, remote, local}; }
};

/// 0: no tag.
[[nodiscard]] inline std::uint64_t tag_hash(const ClusterKey& key, std::string_view tag) noexcept {
    if (tag.empty() || tag == "0") return 0;
    return KeyedHash::Input{key.table}.add_lower(tag).finish();
}

/// Of tag_hash() what a DialogKey has room for; 0 for no tag alone.
[[nodiscard]] constexpr std::uint32_t short_tag(std::uint64_t hash) noexcept {
    if (hash == 0) return 0;
    const auto low = static_cast<std::uint32_t>(hash);
    return low == 0 ? 1 : low;
}

[[nodiscard]] constexpr DialogKey dialog_key(const CallDigest& call, std::uint64_t local,
                                             std::uint64_t remote) noexcept {
    return {call.low, short_tag(local), short_tag(remote)};
}

[[nodiscard]] inline DialogKey dialog_key(const ClusterKey& key, std::string_view call_id,
                                          std::string_view local, std::string_view remote) noexcept {
    return dialog_key(call_digest(key, call_id), tag_hash(key, local), tag_hash(key, remote));
}

}  // namespace sipsteer
