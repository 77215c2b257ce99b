#include "routing/message_hashes.hpp"

#include "routing/mix.hpp"

namespace sipsteer {

std::uint64_t MessageHashes::pin_key(ServerId origin) const noexcept {
    constexpr std::uint64_t kOdd = 0x9e3779b97f4a7c15ULL;
    const std::uint64_t key = scramble(call_.low ^ scramble(from_tag() + origin * kOdd));
    return key == 0 ? 1 : key;
}

}  // namespace sipsteer
