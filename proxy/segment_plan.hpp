#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace sipsteer {

/// What the plan needs to know of a datagram.
struct PlannedDatagram {
    std::uint32_t size = 0;
    std::uint32_t pad_at = 0;      ///< where blanks may be put in; 0: nowhere
    std::uint8_t destination = 0;  ///< the same number for the same socket and address only
    bool alone = false;            ///< this destination takes no segments
};

/// Datagrams that leave by one send, all but the last padded to `segment` bytes.
struct SegmentGroup {
    std::uint8_t first = 0;
    std::uint8_t last = 0;
    std::uint8_t count = 0;
    std::uint32_t segment = 0;   ///< size of the largest
    std::uint32_t smallest = 0;  ///< size of the smallest
};

/// Puts the datagrams of a round into groups, one send each. Order is kept for each destination: a datagram
/// that fits into no segment closes the group before it and goes alone. Pure; no allocation.
class SegmentPlan {
  public:
    static constexpr std::size_t kMaxDatagrams = 128;

    /// Precondition: at most kMaxDatagrams, and each destination is below that.
    void make(std::span<const PlannedDatagram> datagrams) noexcept;

    [[nodiscard]] std::span<const SegmentGroup> groups() const noexcept {
        return {groups_.data(), group_count_};
    }
    /// The datagram behind `i` in its group.
    [[nodiscard]] std::size_t next(std::size_t i) const noexcept { return next_[i]; }

    /// An Ethernet frame of 1500 bytes less IPv6 and UDP headers: what nearly every path carries. The kernel
    /// refuses a segment above the path's MTU.
    static constexpr std::uint32_t kMaxSegment = 1452;
    /// Blanks in one message: about what an INVITE is larger than an ACK.
    static constexpr std::uint32_t kMaxPadding = 1024;
    /// Datagrams of one send: what kernels before 6.9 take (UDP_MAX_SEGMENTS).
    static constexpr std::uint8_t kMaxSegments = 64;
    /// All segments of one send together: one IP datagram to the kernel.
    static constexpr std::uint32_t kMaxTotal = 65000;

  private:
    std::array<SegmentGroup, kMaxDatagrams> groups_{};
    std::array<std::uint8_t, kMaxDatagrams> next_{};
    std::size_t group_count_ = 0;
};

}  // namespace sipsteer
