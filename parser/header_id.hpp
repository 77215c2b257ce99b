#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sipsteer {

/// The headers that a proxy of this kind reads. All others are `other`: opaque, passed untouched.
enum class HeaderId : std::uint8_t {
    via,
    from,
    to,
    call_id,
    cseq,
    max_forwards,
    content_length,
    route,
    record_route,
    contact,
    require,
    proxy_require,
    supported,
    replaces,
    join,
    target_dialog,
    refer_to,
    session_expires,
    expires,
    path,
    authorization,
    other
};

inline constexpr std::size_t kHeaderIdCount = static_cast<std::size_t>(HeaderId::other);

/// The header of that name, long or compact, without regard to case (RFC 3261 §7.3.3).
[[nodiscard]] HeaderId header_id(std::string_view name) noexcept;

/// No long name with its colon has more bytes.
inline constexpr std::size_t kNameBytes = 16;

struct KnownName {
    HeaderId id = HeaderId::other;
    std::uint8_t length = 0;  ///< with the colon
};

}  // namespace sipsteer
