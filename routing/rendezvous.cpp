#include "routing/rendezvous.hpp"

#include <cmath>
#include <limits>

namespace sipsteer {
namespace {

/// A full avalanche of key and id (the finaliser of SplitMix64, public constants).
std::uint64_t scramble(std::uint64_t value) noexcept {
    value ^= value >> 30;
    value *= 0xbf58476d1ce4e5b9ULL;
    value ^= value >> 27;
    value *= 0x94d049bb133111ebULL;
    return value ^ (value >> 31);
}

}  // namespace

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
