#pragma once

#include <cstdint>
#include <string_view>

namespace sipsteer {

/// How far a drained server is, read from /api/v1/servers.
struct DrainState {
    enum class What : std::uint8_t {
        waiting,     ///< it still owns calls, or some are being set up
        done,        ///< its last call has ended
        taken_back,  ///< somebody has set another state
        gone,        ///< there is no such server any more, or this is no list of servers
    };
    What what = What::gone;
    std::int64_t calls = 0;
};

[[nodiscard]] DrainState drain_state(std::string_view servers_json, std::string_view server);

}  // namespace sipsteer
