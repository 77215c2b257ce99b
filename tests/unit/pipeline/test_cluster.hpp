#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

#include "test_proxy.hpp"

namespace sipsteer::test {

/// The servers of the property tests: "10.0.1.1:5060" to "10.0.1.5:5060", named pbx-1 to pbx-5.
inline constexpr std::array<std::string_view, 5> kServers{"10.0.1.1:5060", "10.0.1.2:5060", "10.0.1.3:5060",
                                                          "10.0.1.4:5060", "10.0.1.5:5060"};
inline constexpr std::array<std::string_view, 5> kServerNames{"pbx-1", "pbx-2", "pbx-3", "pbx-4", "pbx-5"};

inline constexpr std::array<std::string_view, 3> kAffinities{"call-id", "user", "header:X-Tenant"};
inline constexpr std::array<std::string_view, 3> kPlacements{"hash", "round-robin", "least-calls"};

/// Configuration of a proxy at `address` before these servers; unmatched transfers are rejected and the
/// servers are not asked. `more`: further tables.
[[nodiscard]] inline std::string cluster_toml(std::string_view routing = {}, std::string_view more = {},
                                              std::string_view address = "203.0.113.10:5060") {
    std::string toml =
        "[listen]\nudp = [\"" + std::string{address} + "\"]\n[routing]\n" + std::string{routing};
    toml += "\n[transfer]\nunmatched = \"reject\"\nprobe = false\n" + std::string{more} + "\n";
    for (std::size_t i = 0; i < kServers.size(); ++i) {
        toml += "[[server]]\nname = \"" + std::string{kServerNames[i]} +
                "\"\nuri = \"sip:" + std::string{kServers[i]} + "\"\n";
    }
    return toml;
}

/// One of `kServers` as Sent::to() names it.
[[nodiscard]] inline bool is_server(std::string_view to) {
    for (const std::string_view server : kServers) {
        if (to == "udp:" + std::string{server}) return true;
    }
    return false;
}

}  // namespace sipsteer::test
