#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "proxy/host_lookup.hpp"
#include "routing/sharded_table.hpp"

namespace sipsteer {

/// The addresses of a set of names over time: when to ask again, and what still holds meanwhile. Says what
/// to look up; somebody else does. Times are seconds of any clock that does not jump.
class AddressBook {
  public:
    /// `known`: what has been found out already.
    explicit AddressBook(HostAddresses known = {});

    /// Names that stay keep their addresses.
    void set_names(const std::vector<HostName>& names);

    /// Those that are to be looked up now; each once, until its answer comes.
    [[nodiscard]] std::vector<HostName> take_due(Seconds now);

    enum class News : std::uint8_t {
        none,
        changed,  ///< other addresses or targets than before
        emptied,  ///< of a name to expand: DNS has no target any more. The last ones stay; said once
    };
    /// An answer: it holds as long as its TTL says. When DNS is down the addresses stay for kStale. A target
    /// of a name to expand keeps its addresses until it has others.
    News take(const HostName& name, const HostFound& found, Seconds now);

    [[nodiscard]] HostAddresses addresses() const;

    static constexpr Seconds kSoonest = 5;    ///< also when the TTL is shorter, or 0
    static constexpr Seconds kLatest = 3600;  ///< also when the TTL is longer
    static constexpr Seconds kDenied = 30;    ///< until a name that is not there is asked for again
    static constexpr Seconds kRetry = 60;     ///< at the longest, while DNS is down: 1, 2, 4 ... seconds
    static constexpr Seconds kStale = 3600;

  private:
    struct Entry {
        std::vector<HostTarget> targets;
        Seconds due = 0;
        Seconds confirmed = 0;  ///< when DNS last gave these
        Seconds pause = 1;      ///< before the next try, while DNS is down
        bool asked = false;
        bool emptied = false;
    };
    std::map<HostName, Entry> entries_;
};

}  // namespace sipsteer
