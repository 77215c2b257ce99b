#pragma once

#include <linux/filter.h>

#include <cstdint>
#include <vector>

#include "routing/local_addresses.hpp"

namespace sipsteer {

/// The program that picks the worker for a datagram, run by the kernel (classic BPF). Responses whose top Via
/// is ours go by the MAC of its branch: the many calls of one server spread over all workers, and the 180 and
/// 200 of a call keep their order. Everything else goes by the sender's address and port: a CANCEL follows
/// its INVITE. Nothing is random.
[[nodiscard]] std::vector<sock_filter> worker_spread(const Listener& listener, std::uint32_t workers);

/// Attaches it to all sockets that share the address of `fd`, numbered in the order in which they were bound.
/// False: this kernel does not take it; then its own hash of addresses and ports picks.
bool attach_worker_spread(int fd, const Listener& listener, std::uint32_t workers) noexcept;

}  // namespace sipsteer
