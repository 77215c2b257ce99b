#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "routing/endpoint.hpp"

namespace sipsteer {

/// Which peers a listener takes (design: sides).
enum class ListenerSide : std::uint8_t { both, outside, servers };

using ListenerIndex = std::uint8_t;

/// One socket address that we listen on.
struct Listener {
    Endpoint bind;
    ListenerSide side = ListenerSide::both;
    std::string advertised_host;  ///< as in a URI: IPv6 with brackets
    std::uint16_t advertised_port = 0;
    // Made by LocalAddresses
    std::string sent_by;                 ///< advertised_host:advertised_port
    std::optional<Endpoint> advertised;  ///< the same, where the host is an address
    std::string via;                     ///< our Via up to the value of its branch, which comes first
    std::string uri;                     ///< us as a loose router, up to further parameters: `<sip:...;lr;`
    std::string sips_uri;  ///< the same for sips; without TLS, where we are the TLS edge, it stays sip

    friend bool operator==(const Listener&, const Listener&) noexcept = default;
};

/// What counts as us: exactly a listener, its advertised address or an alias, with or without port.
/// Immutable once built.
class LocalAddresses {
  public:
    struct Name {
        std::string host;        ///< as in a URI
        std::uint16_t port = 0;  ///< 0: every port that we listen on
    };

    LocalAddresses() = default;
    /// `domains`: further hosts that are ours in a R-URI from a server, whatever the port.
    LocalAddresses(std::vector<Listener> listeners, std::vector<Name> aliases,
                   std::vector<std::string> domains);

    [[nodiscard]] const std::vector<Listener>& listeners() const noexcept { return listeners_; }
    [[nodiscard]] const Listener& operator[](ListenerIndex index) const noexcept { return listeners_[index]; }

    /// `port` 0: none was written.
    [[nodiscard]] bool is_us(std::string_view host, std::uint16_t port) const noexcept;
    /// One of our listeners is bound there, or advertises it.
    [[nodiscard]] bool is_us(const Endpoint& endpoint) const noexcept;
    [[nodiscard]] bool is_our_domain(std::string_view host) const noexcept;

    /// The listener whose sent-by this is: the Via is one of ours (RFC 3261 §18.1.2).
    [[nodiscard]] bool is_our_sent_by(std::string_view host, std::uint16_t port) const noexcept;

    /// The listener to send from, towards a server or towards outside: `preferred` if it fits, else
    /// the first that does. None: nothing here speaks that transport and address family.
    [[nodiscard]] std::optional<ListenerIndex> sender(const Endpoint& next_hop, bool to_server,
                                                      ListenerIndex preferred) const noexcept;

  private:
    [[nodiscard]] bool fits(const Listener& listener, const Endpoint& next_hop,
                            bool to_server) const noexcept;

    std::vector<Listener> listeners_;
    std::vector<Name> names_;
    std::vector<std::string> domains_;
};

/// Host names compare without regard to case; IPv6 literals by value (RFC 5118 §4.5).
[[nodiscard]] bool same_host(std::string_view a, std::string_view b) noexcept;

}  // namespace sipsteer
