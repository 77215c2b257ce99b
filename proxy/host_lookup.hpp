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

    friend auto operator<=>(const HostName&, const HostName&) = default;
};

/// What a name resolves to.
struct HostFound {
    std::vector<Endpoint> endpoints;  ///< empty and not `failed`: there is no such name
    std::uint32_t ttl = 0;            ///< seconds
    bool failed = false;              ///< DNS did not answer
};

/// Host names and what they resolve to.
using HostAddresses = std::map<HostName, std::vector<Endpoint>>;

/// The way from a host name to addresses (RFC 3263 §4.1, §4.2): with a port A and AAAA; else NAPTR for the
/// transport, SRV, and the addresses of its targets; without SRV those of the name itself. A state machine:
/// it says what to ask next, and somebody else asks.
class HostLookup {
  public:
    explicit HostLookup(HostName name);

    /// None: done.
    [[nodiscard]] const DnsQuestion* question() const noexcept;
    /// The answer to question(). Precondition: there is one.
    void answer(const DnsAnswer& answer);

    /// In the order in which they are to be used: SRV priority, then weight; addresses of one host sorted,
    /// since DNS turns them around. Empty and not failed(): the name has no address.
    [[nodiscard]] const std::vector<Endpoint>& endpoints() const noexcept { return endpoints_; }
    /// DNS could not be asked for something that was needed: what was known before may still be right.
    [[nodiscard]] bool failed() const noexcept { return failed_ && endpoints_.empty(); }
    /// How long that holds, in seconds.
    [[nodiscard]] std::uint32_t ttl() const noexcept { return ttl_; }

    /// Targets beyond that are left out: nobody has more, and each costs two questions.
    static constexpr std::size_t kMaxTargets = 16;

  private:
    void ask_addresses(std::uint16_t port, const std::string& host);
    void take_naptr(const DnsAnswer& answer);
    void take_srv(const DnsAnswer& answer);

    HostName name_;
    std::vector<DnsQuestion> questions_;  ///< the last one is asked next
    std::vector<std::uint16_t> ports_;    ///< of A and AAAA questions, likewise
    std::vector<Endpoint> endpoints_;
    std::uint32_t ttl_ = ~std::uint32_t{0};
    bool failed_ = false;
};

}  // namespace sipsteer
