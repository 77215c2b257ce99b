#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sipsteer {

/// Apart, so that copy_bytes() stays small where it is used.
[[gnu::noinline]] inline void copy_long(char* to, std::string_view from) noexcept {
    std::memcpy(to, from.data(), from.size());
}

/// memcpy() for the short texts of headers, without a call: two moves that may overlap cover what is left
/// over of sixteen bytes at a time. `to` must not overlap `from`; an empty view may have no data at all.
inline void copy_bytes(char* to, std::string_view from) noexcept {
    constexpr std::size_t kLong = 64;  // from here on the library's is the faster one
    const char* const at = from.data();
    const std::size_t size = from.size();
    if (size > kLong) {
        copy_long(to, from);
    } else if (size >= 16) {
        for (std::size_t done = 0; done + 16 < size; done += 16) std::memcpy(to + done, at + done, 16);
        std::memcpy(to + size - 16, at + size - 16, 16);
    } else if (size >= 8) {
        std::memcpy(to, at, 8);
        std::memcpy(to + size - 8, at + size - 8, 8);
    } else if (size >= 4) {
        std::memcpy(to, at, 4);
        std::memcpy(to + size - 4, at + size - 4, 4);
    } else if (size != 0) {
        to[0] = at[0];
        to[size / 2] = at[size / 2];
        to[size - 1] = at[size - 1];
    }
}

}  // namespace sipsteer
