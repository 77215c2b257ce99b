#include "routing/rendezvous.hpp"

#include <cmath>
#include <limits>

#include "routing/mix.hpp"

namespace sipsteer {
std::uint64_t rendezvous_hash(std::uint64_t key, ServerId id) noexcept {
    return scramble(key ^ (id * 0x9e3779b97f4a7c15ULL));
}

double rendezvous_score(std::uint64_t key, ServerId id, std::uint32_t weight) noexcept {
    if (weight == 0) return -std::numeric_limits<double>::infinity();
    const std::uint64_t hash = rendezvous_hash(key, id);
    // Uniform in (0, 1]: never 0, so the logarithm is finite.
    const double uniform = (static_cast<double>(hash >> 11) + 1.0) * 0x1.0p-53;
    // -ln(u)/w is exponential with rate w; the smallest wins with chance w / sum(w).
    return std::log(uniform) / weight;
}

}  // namespace sipsteer
