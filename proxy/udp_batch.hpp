#pragma once

#include <sys/socket.h>

#include <array>
#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "proxy/socket_address.hpp"

namespace sipsteer {

/// Longest UDP payload (65,535 less IP and UDP headers; IPv6 allows 20 more bytes, which nobody uses).
inline constexpr std::size_t kMaxDatagram = 65507;
inline constexpr std::size_t kBatch = 64;

/// One recvmmsg: up to kBatch datagrams into buffers of their own. About 4 MiB of address space, of
/// which only what datagrams really fill is ever touched.
class ReceiveBatch {
  public:
    ReceiveBatch();

    /// Datagrams taken from `fd`; 0 when none waits or on an error. Never blocks.
    std::size_t receive(int fd) noexcept;

    /// Since the last call a socket has reported the ICMP error of an earlier send.
    [[nodiscard]] bool take_error() noexcept { return std::exchange(error_, false); }

    [[nodiscard]] std::string_view bytes(std::size_t i) const noexcept {
        return {memory_.get() + i * kSlot, headers_[i].msg_len};
    }
    [[nodiscard]] const sockaddr_storage& from(std::size_t i) const noexcept { return addresses_[i]; }

  private:
    static constexpr std::size_t kSlot = 65536;
    std::unique_ptr<char[]> memory_;
    bool error_ = false;
    std::array<mmsghdr, kBatch> headers_{};
    std::array<iovec, kBatch> vectors_{};
    std::array<sockaddr_storage, kBatch> addresses_{};
};

/// Datagrams to send, in order, each from a slot of its own; one sendmmsg for a run that leaves by the
/// same socket.
class SendBatch {
  public:
    SendBatch();

    /// Where the next datagram is to be written. Precondition: size() < kBatch.
    [[nodiscard]] std::span<char> slot() noexcept { return {memory_.get() + count_ * kSlot, kMaxDatagram}; }
    void add(int fd, const Endpoint& to, std::size_t size) noexcept;

    /// Sends all; `done(i, sent)` for each in order. Never blocks: what the kernel refuses is not sent
    /// (the peers retransmit).
    template <class Done>
    void flush(Done done) noexcept {
        std::size_t at = 0;
        while (at < count_) {
            std::size_t run = at + 1;
            while (run < count_ && fds_[run] == fds_[at]) ++run;
            const std::size_t sent = send(at, run);
            for (std::size_t i = at; i < at + sent; ++i) done(i, true);
            at += sent;
            if (sent == 0) done(at++, false);  // this one was refused; go on behind it
        }
        count_ = 0;
    }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// As ReceiveBatch::take_error().
    [[nodiscard]] bool take_error() noexcept { return std::exchange(error_, false); }

  private:
    /// How many of [begin, end) the kernel took before it refused one; 0: it refuses the first.
    std::size_t send(std::size_t begin, std::size_t end) noexcept;

    static constexpr std::size_t kSlot = 65536;
    std::unique_ptr<char[]> memory_;
    std::size_t count_ = 0;
    bool error_ = false;
    std::array<mmsghdr, kBatch> headers_{};
    std::array<iovec, kBatch> vectors_{};
    std::array<SocketAddress, kBatch> addresses_{};
    std::array<int, kBatch> fds_{};
};

}  // namespace sipsteer
