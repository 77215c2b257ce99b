#pragma once

#include <optional>

#include "routing/endpoint.hpp"

namespace sipsteer {

/// Asks the kernel to keep ICMP errors of a UDP socket's sends for next_refusal(). From then on an error
/// also makes one later call on the socket fail, which ReceiveBatch and SendBatch go over.
void keep_refusals(int fd, bool v6) noexcept;

/// Takes the next destination out of the error queue that an ICMP error has named: port, host or network
/// not reachable. Other errors are taken out and skipped. None: the queue is empty. Never blocks.
/// Anybody can forge one, so it proves nothing (ServerHealth::refused).
[[nodiscard]] std::optional<Endpoint> next_refusal(int fd) noexcept;

}  // namespace sipsteer
