#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "routing/endpoint.hpp"

namespace sipsteer {

enum class DnsType : std::uint8_t { naptr, srv, a, aaaa };

struct DnsQuestion {
    DnsType type = DnsType::a;
    std::string name;

    friend bool operator==(const DnsQuestion&, const DnsQuestion&) = default;
};

/// One record of an answer; which members count depends on the type.
struct DnsRecord {
    IpAddress address;           ///< a, aaaa
    std::uint16_t priority = 0;  ///< srv; order of naptr
    std::uint16_t weight = 0;    ///< srv; preference of naptr
    std::uint16_t port = 0;      ///< srv
    std::string target;          ///< srv; replacement of naptr
    std::string service;         ///< naptr, upper case
};

/// What DNS said. `failed`: nobody answered, or not to the point; then `records` is empty and says nothing.
struct DnsAnswer {
    std::vector<DnsRecord> records;
    std::uint32_t ttl = 0;  ///< seconds; the shortest of the records
    bool failed = false;
};

/// A host name as a SIP URI has it.
struct HostName {
    std::string host;
    std::uint16_t port = 0;  ///< 0: none written
    Transport transport = Transport::udp;
    bool expand = false;  ///< each target of its SRV records is meant by itself; without SRV there is none
    std::vector<Transport> others{};  ///< that DNS may choose in place of it (RFC 3263 §4.1)

    friend auto operator<=>(const HostName&, const HostName&) = default;
};

/// A host that a name leads to.
struct HostTarget {
    std::string host{};  ///< of an SRV record: lower case, no dot at the end; empty: the name itself
    std::uint16_t port = 0;
    std::uint16_t priority = 0;
    std::uint16_t weight = 0;
    std::vector<Endpoint> endpoints{};

    friend bool operator==(const HostTarget&, const HostTarget&) = default;
};

/// What a name resolves to.
struct HostFound {
    std::vector<HostTarget> targets;  ///< without any endpoint and not `failed`: there is no such name
    std::uint32_t ttl = 0;            ///< seconds
    bool failed = false;              ///< DNS did not answer
};

/// Host names and what they resolve to.
using HostAddresses = std::map<HostName, std::vector<HostTarget>>;

/// All of them in that order, each once.
[[nodiscard]] std::vector<Endpoint> endpoints_of(const std::vector<HostTarget>& targets);

/// The way from a host name to addresses (RFC 3263 §4.1, §4.2): with a port A and AAAA; else NAPTR for its
/// transports, SRV (without NAPTR for one after the other), and the addresses of its targets; without SRV
/// those of the name itself. A name that begins with "_" is that of SRV records. A state machine: it says
/// what to ask next, and somebody else asks.
class HostLookup {
  public:
    explicit HostLookup(HostName name);

    /// None: done.
    [[nodiscard]] const DnsQuestion* question() const noexcept;
    /// The answer to question(). Precondition: there is one.
    void answer(const DnsAnswer& answer);

    /// In the order in which they are to be used: SRV priority, then weight; addresses of one host sorted,
    /// since DNS turns them around. No endpoint and not failed(): the name has no address.
    [[nodiscard]] const std::vector<HostTarget>& targets() const noexcept { return targets_; }
    /// DNS could not be asked for something that was needed: what was known before may still be right.
    [[nodiscard]] bool failed() const { return failures_ > 0 && endpoints_of(targets_).empty(); }
    /// How long that holds, in seconds.
    [[nodiscard]] std::uint32_t ttl() const noexcept { return ttl_; }

    /// Targets beyond that are left out: a cluster has 2 to 50, and each costs two questions.
    static constexpr std::size_t kMaxTargets = 64;
    /// Questions without an answer, of all that a name takes, until the rest is not asked any more.
    static constexpr unsigned kMaxFailures = 3;

  private:
    void ask_addresses(std::size_t target, const std::string& host);
    void ask_srv();
    void take_naptr(const DnsAnswer& answer);
    void take_srv(const DnsAnswer& answer);

    HostName name_;
    std::vector<DnsQuestion> questions_;  ///< the last one is asked next
    std::vector<std::size_t> asked_for_;  ///< the target of A and AAAA questions, likewise
    std::vector<HostTarget> targets_;
    Transport transport_;           ///< of the targets
    std::size_t others_tried_ = 0;  ///< without NAPTR: of name_.others
    bool refused_ = false;          ///< an SRV record says that its service is not there
    std::uint32_t ttl_ = ~std::uint32_t{0};
    unsigned failures_ = 0;
};

}  // namespace sipsteer
