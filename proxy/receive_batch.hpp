#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>

#include "proxy/socket_address.hpp"

namespace sipsteer {

/// Longest UDP payload (65,535 less IP and UDP headers; IPv6 allows 20 more bytes, which nobody uses).
inline constexpr std::size_t kMaxDatagram = 65507;
/// Datagrams of one round. More go to one destination by one send: where more than 64 wait, 128 took 6 to 8 %
/// less CPU for a message than 64; 256 took no less.
inline constexpr std::size_t kBatch = 128;
/// From one datagram's memory to the next's.
inline constexpr std::size_t kSlotBytes = 65536;

/// One recvmmsg: up to kBatch datagrams into buffers of their own. About 8 MiB of address space, of
/// which only what datagrams really fill is ever touched.
class ReceiveBatch {
  public:
    ReceiveBatch();

    /// Datagrams taken from `fd`; 0 when none waits or on an error. Never blocks.
    std::size_t receive(int fd) noexcept;

    /// Since the last call a socket has reported the ICMP error of an earlier send.
    [[nodiscard]] bool take_error() noexcept { return std::exchange(error_, false); }

    [[nodiscard]] std::string_view bytes(std::size_t i) const noexcept {
        return {memory_.get() + i * kSlotBytes, headers_[i].msg_len};
    }
    [[nodiscard]] const sockaddr_storage& from(std::size_t i) const noexcept { return addresses_[i]; }

  private:
    std::unique_ptr<char[]> memory_;
    bool error_ = false;
    std::size_t filled_ = kBatch;  ///< headers with other sizes of addresses than recvmmsg wants
    std::array<mmsghdr, kBatch> headers_{};
    std::array<iovec, kBatch> vectors_{};
    std::array<sockaddr_storage, kBatch> addresses_{};
};

/// Memory for `size` bytes, untouched until a datagram needs it.
[[nodiscard]] std::unique_ptr<char[]> reserve_slots(std::size_t size);

}  // namespace sipsteer
