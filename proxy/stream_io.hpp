#pragma once

#include <cstddef>
#include <cstdint>

namespace sipsteer {

/// How one attempt to read or write without waiting ended. Over TLS either may want either.
enum class StreamIo : std::uint8_t { done, wants_read, wants_write, closed, failed };

struct StreamIoResult {
    StreamIo io = StreamIo::failed;
    std::size_t size = 0;  ///< bytes, of `done`
};

}  // namespace sipsteer
