#pragma once

#include <cstdint>
#include <string_view>

#include "routing/keyed_hash.hpp"

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

[[nodiscard]] inline std::uint64_t call_hash(const KeyedHash& hash, std::string_view call_id) noexcept {
    const std::uint64_t value = KeyedHash::Input{hash}.add("call").add(call_id).finish();
    return value == 0 ? 1 : value;
}

[[nodiscard]] inline std::uint32_t tag_hash(const KeyedHash& hash, std::string_view tag) noexcept {
    if (tag.empty() || tag == "0") return 0;
    const auto value = static_cast<std::uint32_t>(KeyedHash::Input{hash}.add_lower(tag).finish());
    return value == 0 ? 1 : value;
}

[[nodiscard]] inline DialogKey dialog_key(const KeyedHash& hash, std::string_view call_id,
                                          std::string_view local, std::string_view remote) noexcept {
    return {call_hash(hash, call_id), tag_hash(hash, local), tag_hash(hash, remote)};
}

}  // namespace sipsteer
