#include "routing/server_set.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sipsteer {
namespace {

/// Only configured addresses are stored, so an unkeyed mix is enough: a stranger's look-up ends at the
/// first free slot, at most half of the slots are taken.
std::size_t mix(const IpAddress& address, std::uint16_t port) noexcept {
    std::uint64_t low = 0;
    std::uint64_t high = 0;
    std::memcpy(&low, address.bytes.data(), 8);
    std::memcpy(&high, address.bytes.data() + 8, 8);
    std::uint64_t value = (low ^ std::rotl(high, 29) ^ port) * 0x9e3779b97f4a7c15ULL;
    value ^= value >> 32;
    return static_cast<std::size_t>(value * 0xbf58476d1ce4e5b9ULL >> 16);
}

}  // namespace

bool AddressRange::contains(const IpAddress& address, std::uint16_t source_port) const noexcept {
    if (address.v6 != network.v6 || (port != 0 && port != source_port)) return false;
    const std::size_t whole = prefix_bits / 8;
    if (!std::equal(network.bytes.begin(), network.bytes.begin() + static_cast<std::ptrdiff_t>(whole),
                    address.bytes.begin())) {
        return false;
    }
    const unsigned rest = prefix_bits % 8U;
    if (rest == 0) return true;
    const auto mask = static_cast<std::uint8_t>(0xff << (8 - rest));
    return ((network.bytes[whole] ^ address.bytes[whole]) & mask) == 0;
}

ServerSet::ServerSet(std::vector<MediaServer> servers, std::vector<std::string> groups, const ClusterKey& key)
    : servers_(std::move(servers)), groups_(std::move(groups)) {
    std::size_t endpoints = 0;
    for (ServerIndex i = 0; i < servers_.size(); ++i) {
        MediaServer& server = servers_[i];
        server.id = static_cast<ServerId>(KeyedHash::Input{key.place}.add("server").add(server.uri).finish());
        if (server.id == kNoServer) server.id = 1;
        ids_.emplace_back(server.id, i);
        endpoints += server.endpoints.size();
        configured_ += server.leaving ? 0 : 1;
        weigh_the_same_ = weigh_the_same_ && server.weight != 0 && server.weight == servers_[0].weight;
        has_sources_ = has_sources_ || !server.sources.empty();
    }
    std::ranges::sort(ids_);
    slots_.resize(std::bit_ceil(2 * endpoints + 1));
    for (ServerIndex i = 0; i < servers_.size(); ++i) {
        for (const Endpoint& endpoint : servers_[i].endpoints) {
            std::size_t at = mix(endpoint.address, endpoint.port) & (slots_.size() - 1);
            while (slots_[at].used) at = (at + 1) & (slots_.size() - 1);
            slots_[at] = {endpoint.address, endpoint.port, i, true};
        }
    }
}

std::optional<ServerIndex> ServerSet::by_id(ServerId id) const noexcept {
    const auto found = std::ranges::lower_bound(ids_, id, {}, &std::pair<ServerId, ServerIndex>::first);
    if (found == ids_.end() || found->first != id) return std::nullopt;
    return found->second;
}

const ServerSet::EndpointSlot* ServerSet::find_endpoint(const IpAddress& address,
                                                        std::uint16_t port) const noexcept {
    if (slots_.empty()) return nullptr;
    for (std::size_t at = mix(address, port);; ++at) {
        const EndpointSlot& slot = slots_[at & (slots_.size() - 1)];
        if (!slot.used) return nullptr;
        if (slot.port == port && slot.address == address) return &slot;
    }
}

std::optional<ServerIndex> ServerSet::by_range(const IpAddress& address, std::uint16_t port) const noexcept {
    for (ServerIndex i = 0; i < servers_.size(); ++i) {
        for (const AddressRange& range : servers_[i].sources) {
            if (range.contains(address, port)) return i;
        }
    }
    return std::nullopt;
}

std::optional<ServerIndex> ServerSet::by_address(const IpAddress& address,
                                                 Transport transport) const noexcept {
    std::optional<ServerIndex> found;
    int best = -1;
    for (ServerIndex i = 0; i < servers_.size(); ++i) {
        const MediaServer& server = servers_[i];
        const auto at = std::ranges::find(server.endpoints, address, &Endpoint::address);
        if (at == server.endpoints.end() &&
            !std::ranges::any_of(server.sources,
                                 [&](const AddressRange& one) { return one.contains(address, one.port); })) {
            continue;
        }
        // A fallback destination often is a server's address by another port or transport.
        const bool same = at != server.endpoints.end() && at->transport == transport;
        const int likeness = (server.leaving ? 0 : 4) + (server.placeable ? 2 : 0) + (same ? 1 : 0);
        if (likeness > best) {
            found = i;
        } else if (likeness == best) {
            found = std::nullopt;
        }
        best = std::max(best, likeness);
    }
    return found;
}

bool ServerSet::has_address(const IpAddress& address) const noexcept {
    return std::ranges::any_of(servers_, [&](const MediaServer& server) {
        return std::ranges::any_of(server.endpoints,
                                   [&](const Endpoint& one) { return one.address == address; });
    });
}

bool ServerSet::any_up() const noexcept { return std::ranges::any_of(servers_, &MediaServer::is_known_up); }

}  // namespace sipsteer
