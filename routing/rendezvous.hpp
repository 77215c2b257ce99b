#pragma once

#include <cstdint>

#include "routing/media_server.hpp"

namespace sipsteer {

/// A full avalanche of key and server.
[[nodiscard]] std::uint64_t rendezvous_hash(std::uint64_t key, ServerId id) noexcept;

/// Weighted rendezvous hashing (highest random weight): each server gets a score from the key's hash
/// and its id; the highest takes the key. A server that joins or leaves moves its own share only.
/// `key` is a keyed hash, so nobody outside can aim at a server.
/// Returns a value that grows with the chance weight / sum(weights); weight 0 gives the lowest.
[[nodiscard]] double rendezvous_score(std::uint64_t key, ServerId id, std::uint32_t weight) noexcept;

/// What the score is made of, uniform. Among servers of equal weight the highest has the highest score, and
/// no logarithm is needed.
[[nodiscard]] std::uint64_t rendezvous_hash(std::uint64_t key, ServerId id) noexcept;

}  // namespace sipsteer
