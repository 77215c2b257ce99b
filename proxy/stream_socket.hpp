#pragma once

#include <boost/system/error_code.hpp>

#include "routing/endpoint.hpp"

namespace sipsteer {

/// The socket calls of streams. Each returns an open, non-blocking, close-on-exec descriptor that the
/// caller owns, or -1 and `error`.

/// Listens; SO_REUSEPORT, so that each worker has its own on the same address.
[[nodiscard]] int listen_stream(const Endpoint& bind, std::uint8_t dscp, boost::system::error_code& error);

/// Tells whether another program listens there already: SO_REUSEPORT alone would share it in silence.
[[nodiscard]] boost::system::error_code probe_stream(const Endpoint& bind);

/// Takes the next connection that waits. Errors: would_block when none does.
[[nodiscard]] int accept_stream(int listener, Transport transport, Endpoint& peer,
                                boost::system::error_code& error);

/// Begins to connect, from the address of `from` with any port. The descriptor becomes writable when it is
/// decided; stream_error() then tells how.
[[nodiscard]] int connect_stream(const Endpoint& from, const Endpoint& to, std::uint8_t dscp,
                                 boost::system::error_code& error);
[[nodiscard]] boost::system::error_code stream_error(int fd) noexcept;

/// The most descriptors that this process may have, raised as far as the system lets it.
void raise_descriptor_limit() noexcept;

}  // namespace sipsteer
