#pragma once

#include <array>
#include <cstdint>

#include "parser/ip_address.hpp"
#include "routing/keyed_hash.hpp"
#include "routing/sharded_table.hpp"

namespace sipsteer {

/// How often one address outside may make us ask the servers in vain: kPerSecond times a second. A
/// table of fixed size; addresses that share a place share its allowance. One for each worker.
class MissLimit {
  public:
    [[nodiscard]] bool allows(const KeyedHash& hash, const IpAddress& address, Seconds now) noexcept {
        return place(hash, address, now).misses < kPerSecond;
    }
    void miss(const KeyedHash& hash, const IpAddress& address, Seconds now) noexcept {
        ++place(hash, address, now).misses;
    }

    static constexpr std::uint32_t kPerSecond = 5;

  private:
    struct Place {
        Seconds second = 0;
        std::uint32_t misses = 0;
    };

    Place& place(const KeyedHash& hash, const IpAddress& address, Seconds now) noexcept {
        const std::string_view bytes{reinterpret_cast<const char*>(address.bytes.data()),
                                     address.bytes.size()};
        Place& found = places_[hash(bytes) % places_.size()];
        if (found.second != now) found = {now, 0};
        return found;
    }

    std::array<Place, 4096> places_{};
};

}  // namespace sipsteer
