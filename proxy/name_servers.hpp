#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "routing/endpoint.hpp"

namespace sipsteer {

/// `conf`, a resolv.conf(5), without the name servers for which `reachable` is false. None: it names some,
/// and none of them is left.
[[nodiscard]] std::optional<std::string> without_unreachable(
    std::string_view conf, const std::function<bool(const IpAddress&)>& reachable);

/// The system's resolv.conf without the name servers that there is no route to now, in a file of its own.
/// sofia-sip 1.12.11 must not see those: where every one of its servers refuses connect(2) it tries for ever,
/// in the middle of a call.
class NameServers {
  public:
    /// None: none of them can be reached.
    [[nodiscard]] static std::optional<NameServers> reachable();

    NameServers(NameServers&& other) noexcept;
    ~NameServers();
    NameServers& operator=(NameServers&&) = delete;

    /// Of the file; good as long as this object.
    [[nodiscard]] std::string path() const;

  private:
    explicit NameServers(int fd) noexcept : fd_(fd) {}

    int fd_;  ///< -1: given away
};

}  // namespace sipsteer
