#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/system/error_code.hpp>

#include "routing/local_addresses.hpp"

namespace sipsteer {

/// Opens one worker's socket of a UDP listener: non-blocking, SO_REUSEPORT, so that each worker has its
/// own on the same address, with large kernel buffers; what it sends is marked with `dscp` (RFC 2474).
/// Errors: as of the socket calls.
[[nodiscard]] boost::asio::ip::udp::socket open_udp(boost::asio::io_context& context, const Endpoint& bind,
                                                    std::uint8_t dscp, boost::system::error_code& error);

/// Tells whether another program holds the address already: SO_REUSEPORT alone would share it in
/// silence, and half of the messages would vanish there.
[[nodiscard]] boost::system::error_code probe_udp(boost::asio::io_context& context, const Endpoint& bind);

}  // namespace sipsteer
