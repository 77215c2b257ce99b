#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "routing/keyed_hash.hpp"
#include "routing/media_server.hpp"

namespace sipsteer {

/// Place of a server in its ServerSet; valid for that set only. Tables keep ServerId instead.
using ServerIndex = std::uint16_t;

/// All media servers, the fallback destination included. Immutable once built; shared by all workers
/// as part of a Snapshot.
class ServerSet {
  public:
    ServerSet() = default;
    /// `id` of each server is computed here from its uri. Those that leave stand behind all others.
    /// Precondition: at most 65,534 servers, no two of one uri.
    ServerSet(std::vector<MediaServer> servers, std::vector<std::string> groups, const ClusterKey& key);

    [[nodiscard]] const std::vector<MediaServer>& all() const noexcept { return servers_; }
    /// Without those that leave.
    [[nodiscard]] std::span<const MediaServer> configured() const noexcept {
        return {servers_.data(), configured_};
    }
    [[nodiscard]] std::span<const MediaServer> leaving() const noexcept {
        return {servers_.data() + configured_, servers_.size() - configured_};
    }
    [[nodiscard]] const MediaServer& operator[](ServerIndex index) const noexcept { return servers_[index]; }
    [[nodiscard]] const std::vector<std::string>& groups() const noexcept { return groups_; }

    [[nodiscard]] std::optional<ServerIndex> by_id(ServerId id) const noexcept;
    /// kNoServer for none.
    [[nodiscard]] ServerId id_of(std::optional<ServerIndex> index) const noexcept {
        return index ? servers_[*index].id : kNoServer;
    }

    /// The server with exactly this address and port among its resolved endpoints.
    [[nodiscard]] std::optional<ServerIndex> by_endpoint(const IpAddress& address,
                                                         std::uint16_t port) const noexcept {
        const EndpointSlot* const slot = find_endpoint(address, port);
        return slot == nullptr ? std::nullopt : std::optional{slot->server};
    }

    /// The server that sends from there: by_endpoint, else the first whose `sources` hold it.
    [[nodiscard]] std::optional<ServerIndex> by_source(const IpAddress& address,
                                                       std::uint16_t port) const noexcept {
        std::optional<ServerIndex> found;
        find_source(address, port, found);
        return found;
    }
    /// The same into `found`, which stays as it is when there is none.
    void find_source(const IpAddress& address, std::uint16_t port,
                     std::optional<ServerIndex>& found) const noexcept {
        if (const EndpointSlot* const slot = find_endpoint(address, port)) {
            found = slot->server;
        } else if (has_sources_) [[unlikely]] {
            if (const auto server = by_range(address, port)) found = *server;
        }
    }

    /// All have one weight, and it is not 0.
    [[nodiscard]] bool weigh_the_same() const noexcept { return weigh_the_same_; }

    /// The one server with that address, whatever the port: what a stream comes from says nothing (RFC 3261
    /// §18.1.1: clients use any port). Of several the one that stays, that calls are placed on and that
    /// is reached by `transport`. None: no server has it, or they are equal in that.
    [[nodiscard]] std::optional<ServerIndex> by_address(const IpAddress& address,
                                                        Transport transport) const noexcept;

    /// One server or more have that address.
    [[nodiscard]] bool has_address(const IpAddress& address) const noexcept;

    /// MediaServer::is_known_up() of any.
    [[nodiscard]] bool any_up() const noexcept;

  private:
    struct EndpointSlot {
        IpAddress address;
        std::uint16_t port = 0;
        ServerIndex server = 0;
        bool used = false;
    };

    /// nullptr: none. (An optional that comes out of a call is written in parts and read as one: a stall.)
    [[nodiscard]] const EndpointSlot* find_endpoint(const IpAddress& address,
                                                    std::uint16_t port) const noexcept;
    [[nodiscard]] std::optional<ServerIndex> by_range(const IpAddress& address,
                                                      std::uint16_t port) const noexcept;

    std::vector<MediaServer> servers_;
    std::size_t configured_ = 0;
    std::vector<std::string> groups_;
    std::vector<std::pair<ServerId, ServerIndex>> ids_;  ///< sorted
    std::vector<EndpointSlot> slots_;                    ///< open addressing, at most half full
    bool has_sources_ = false;
    bool weigh_the_same_ = true;
};

}  // namespace sipsteer
