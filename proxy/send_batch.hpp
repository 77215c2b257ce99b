#pragma once

#include <sys/socket.h>
#include <sys/uio.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

#include "proxy/receive_batch.hpp"
#include "proxy/segment_plan.hpp"
#include "proxy/socket_address.hpp"

namespace sipsteer {

/// Datagrams to send, each from a slot of its own. Those for one destination leave by one segmented send
/// where that is on (UDP_SEGMENT; the shorter ones padded by blanks inside a header), in the order in
/// which they were added. A destination that refuses segments gets plain sends for a while. One sendmmsg
/// for a run that leaves by the same socket; fragments only where a path needs them. No allocation, never
/// blocks.
class SendBatch {
  public:
    SendBatch();

    /// Off, as at the start: each datagram leaves as it was written.
    void set_segmenting(bool on) noexcept { segmenting_ = on; }

    /// Where the next datagram is to be written. Precondition: size() < kBatch.
    [[nodiscard]] std::span<char> slot() noexcept {
        return {memory_.get() + count_ * kSlotBytes, kMaxDatagram};
    }

    /// Has the next slot at hand when a message of usual length is written: into memory that is not, the
    /// first words wait (1 % of all CPU time, of rounds that take turns).
    void prefetch_slot() noexcept {
        constexpr std::size_t kUsualBytes = 640;
        constexpr std::size_t kLine = 64;
        for (std::size_t at = 0; at < kUsualBytes; at += kLine) __builtin_prefetch(slot().data() + at, 1);
    }

    /// `pad_at`: where blanks may be put into it; 0: nowhere.
    void add(int fd, const Endpoint& to, std::size_t size, std::size_t pad_at = 0) noexcept;

    /// Sends all; calls `done(i, sent)` once for each. What the kernel refuses is not sent (the peers
    /// retransmit).
    template <class Done>
    void flush(Done done) noexcept {
        if (count_ != 0) send_all();
        for (std::size_t i = 0; i < count_; ++i) done(i, sent_[i]);
        count_ = 0;
    }
    [[nodiscard]] std::size_t size() const noexcept { return count_; }

    /// As ReceiveBatch::take_error().
    [[nodiscard]] bool take_error() noexcept { return std::exchange(error_, false); }

  private:
    /// Room for one UDP_SEGMENT.
    struct Control {
        alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(std::uint16_t))> bytes;
    };
    /// A destination that does not take segments.
    struct Refusal {
        SocketAddress address;
        std::uint64_t until = 0;  ///< counted in batches
    };

    void send_all() noexcept;
    std::size_t send(int fd, mmsghdr* headers, std::size_t wanted) noexcept;
    std::size_t send_large(int fd, mmsghdr* headers, std::size_t wanted) noexcept;
    void send_plain(const SegmentGroup& group) noexcept;
    [[nodiscard]] std::string_view gather(const SegmentGroup& group) noexcept;
    void prepare(std::size_t group) noexcept;
    void mark(const SegmentGroup& group, bool sent) noexcept;
    [[nodiscard]] std::uint8_t destination_of(std::size_t datagram) noexcept;
    [[nodiscard]] Refusal& refusal_of(std::size_t datagram) noexcept;
    [[nodiscard]] bool is_refused(std::size_t datagram) noexcept;

    std::unique_ptr<char[]> memory_;
    std::size_t count_ = 0;
    bool segmenting_ = false;
    bool error_ = false;
    std::uint64_t batches_ = 0;
    std::array<int, kBatch> fds_{};
    std::array<SocketAddress, kBatch> addresses_{};
    std::array<PlannedDatagram, kBatch> datagrams_{};
    std::array<bool, kBatch> sent_{};
    std::array<std::uint8_t, 2 * kBatch> by_address_{};  ///< open addressing: datagram + 1; 0: free
    std::array<Refusal, kBatch> refusals_{};
    std::uint64_t refused_until_ = 0;  ///< the last of them

    SegmentPlan plan_;
    std::array<mmsghdr, kBatch> headers_{};  ///< one for each group
    std::array<Control, kBatch> controls_{};
    std::array<iovec, kBatch> vectors_{};
    std::unique_ptr<char[]> gathered_;  ///< the groups of several datagrams, as they are sent
    std::size_t gathered_bytes_ = 0;
};

}  // namespace sipsteer
