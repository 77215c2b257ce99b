#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "parser/sip_uri.hpp"
#include "routing/endpoint.hpp"
#include "routing/keyed_hash.hpp"
#include "routing/sharded_table.hpp"

namespace sipsteer {

/// The host name that a URI leads to, as far as it decides what DNS is asked (RFC 3263 §4.1).
struct NextHopName {
    std::string_view host;
    std::uint16_t port = 0;  ///< 0: none written
    Transport transport = Transport::udp;
    bool any_transport = false;  ///< neither port nor transport are written: DNS may choose

    /// Precondition: a SIP URI. sips is TLS whatever DNS says.
    [[nodiscard]] static NextHopName of(const SipUri& uri) noexcept;
    /// Case and a dot at the end do not count.
    [[nodiscard]] std::uint64_t hash(const KeyedHash& hash) const noexcept;
};

/// One address that a name leads to.
struct HopAddress {
    Endpoint endpoint;
    std::uint16_t priority = 0;  ///< of SRV: the lowest first
    std::uint32_t weight = 1;    ///< its share among those of its priority; never 0
};

/// What DNS said. `failed`: nothing; then there are no addresses.
struct HopAnswer {
    std::span<const HopAddress> addresses;  ///< best first
    Seconds ttl = 0;
    bool failed = false;
};

/// What the names of next hops resolve to, and which address each call was given. Filled by whoever asks
/// DNS; a look-up holds one lock for one short walk and allocates nothing. Both tables are bounded: what
/// would expire first goes first. Safe for several threads.
class NextHops {
  public:
    enum class State : std::uint8_t { unknown, resolved, denied, failed };
    struct Found {
        State state = State::unknown;
        bool expired = false;  ///< its time is over: ask again, and use it when nobody answers
        std::uint8_t count = 0;
        std::array<HopAddress, 8> addresses{};
    };

    NextHops() : names_(kMaxNames, Ignore{}), calls_(kMaxCalls, Ignore{}) {}

    [[nodiscard]] Found find(std::uint64_t name, Seconds now) const noexcept;

    /// Takes an answer. While DNS fails the addresses stay for kStale; a name that is not there is not asked
    /// for again for kDenied.
    void learn(std::uint64_t name, const HopAnswer& answer, Seconds now) noexcept;

    /// DNS is being asked: until it answers, others go by what is known and do not ask as well.
    void note_asked(std::uint64_t name, Seconds now) noexcept;

    /// The address that a call was given. `call`: of its side, Call-ID, From tag and the name.
    [[nodiscard]] std::optional<Endpoint> chosen(std::uint64_t call, Seconds now) const noexcept;
    /// Gives it one, or prolongs what it has: the first one holds. Returns that.
    Endpoint choose(std::uint64_t call, const Endpoint& endpoint, Seconds now, Seconds lifetime) noexcept;

    [[nodiscard]] std::size_t names() const noexcept { return names_.size(); }

    static constexpr std::size_t kMaxNames = 4096;
    static constexpr std::size_t kMaxCalls = 65536;
    static constexpr Seconds kSoonest = 5;    ///< also when the TTL is shorter, or 0
    static constexpr Seconds kLatest = 3600;  ///< also when the TTL is longer
    static constexpr Seconds kDenied = 30;
    static constexpr Seconds kRetry = 60;  ///< at the longest, while DNS fails: 1, 2, 4 ... seconds
    static constexpr Seconds kStale = 3600;
    static constexpr Seconds kAsking = 2;
    static constexpr Seconds kInvite = 600;  ///< a call's choice: as long as it may ring
    static constexpr Seconds kOther = 33;    ///< 64*T1, rounded up

  private:
    struct NameRecord {
        std::uint64_t hash = 0;
        Seconds due = 0;    ///< to be asked for again
        Seconds until = 0;  ///< forgotten
        Seconds pause = 1;  ///< before the next try, while DNS fails
        State state = State::unknown;
        std::uint8_t count = 0;
        std::array<HopAddress, 8> addresses{};

        [[nodiscard]] Seconds expires() const noexcept { return until; }
        [[nodiscard]] std::uint64_t eviction_rank() const noexcept { return until; }
    };
    struct CallRecord {
        std::uint64_t hash = 0;
        Endpoint endpoint;
        Seconds until = 0;

        [[nodiscard]] Seconds expires() const noexcept { return until; }
        [[nodiscard]] std::uint64_t eviction_rank() const noexcept { return until; }
    };
    struct Ignore {
        template <class Record>
        void operator()(const Record&) const noexcept {}
    };
    using Names = ShardedTable<NameRecord, Ignore>;
    using Calls = ShardedTable<CallRecord, Ignore>;

    mutable Names names_;
    mutable Calls calls_;
};

}  // namespace sipsteer
