#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <optional>

#include "proxy/address_book.hpp"
#include "proxy/config.hpp"
#include "proxy/resolver.hpp"

namespace sipsteer {

/// The name that `transfer.fallback` is written with; none where it is an address, or no URI.
[[nodiscard]] std::optional<HostName> fallback_name(const Config& config);

/// The names that `server.uri` and the fallback are written with; addresses are none.
[[nodiscard]] std::vector<HostName> server_names(const Config& config);

/// Looks them all up at once and runs `context` until that is done, somebody stops it, or for `limit`: for
/// the start, `check` and `explain`. A name that DNS has not answered by then is left out.
[[nodiscard]] HostAddresses resolve_now(boost::asio::io_context& context, const std::vector<HostName>& names,
                                        std::chrono::milliseconds limit);

/// A start waits that long for DNS, and then goes on without.
inline constexpr std::chrono::milliseconds kResolveAtStart{2000};

/// Keeps the servers' names resolved, in the background, for the thread that runs `context`.
class ServerNames {
  public:
    using Changed = std::function<void(const HostAddresses&)>;
    using Emptied = std::function<void(const HostName&)>;
    /// `known`: what the start has found. `changed` is called with all addresses whenever one is another,
    /// `emptied` as AddressBook::News::emptied says.
    ServerNames(boost::asio::io_context& context, HostAddresses known, Changed changed, Emptied emptied);

    /// From now on these; called again when the configuration has changed.
    void watch(const std::vector<HostName>& names);

  private:
    void look();

    AddressBook book_;
    Changed changed_;
    Emptied emptied_;
    boost::asio::steady_timer timer_;
    Resolver resolver_;
};

}  // namespace sipsteer
