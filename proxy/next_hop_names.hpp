#pragma once

#include <boost/asio/io_context.hpp>
#include <chrono>
#include <cstdint>
#include <functional>
#include <set>
#include <vector>

#include "proxy/resolver.hpp"
#include "routing/held_requests.hpp"
#include "routing/local_addresses.hpp"
#include "routing/next_hops.hpp"

namespace sipsteer {

/// What DNS is to be asked for a name that a request waits for: the transports of our listeners may be
/// chosen.
[[nodiscard]] HostName host_name(const NameQuestion& question, const LocalAddresses& local);

/// Those addresses as the table of next hops keeps them. The weight of an SRV target is shared by its
/// addresses; 0 is a small chance (RFC 2782).
[[nodiscard]] std::vector<HopAddress> hop_addresses(const HostFound& found);

/// Looks up the names of next hops for whoever waits, each name once at a time, and enters what DNS says into
/// NextHops. For the thread that runs `context`.
class NextHopNames {
  public:
    /// `answered` is called when there is something to read, or will not be. References must outlive it.
    NextHopNames(boost::asio::io_context& context, NextHops& hops,
                 std::function<void(std::uint64_t)> answered);

    void look_up(const HostName& name, std::uint64_t hash);

    /// At a time; whoever wants more hears at once that nothing is known.
    static constexpr std::size_t kMaxOpen = 256;

  private:
    void take(const HostName& name, std::uint64_t hash, const HostFound& found);

    NextHops& hops_;
    std::function<void(std::uint64_t)> answered_;
    std::set<std::uint64_t> open_;
    Resolver resolver_;
};

/// Looks one name up and waits for it, `limit` at most: for `explain`.
void look_up_now(NextHops& hops, const HostName& name, std::uint64_t hash, std::chrono::milliseconds limit);

}  // namespace sipsteer
