#include "proxy/segment_plan.hpp"

#include <algorithm>

namespace sipsteer {
namespace {

bool may_share(const PlannedDatagram& datagram) noexcept {
    return !datagram.alone && datagram.pad_at != 0 && datagram.size <= SegmentPlan::kMaxSegment;
}

/// Both may share a send, and the group stays within its bounds with it.
bool fits(const SegmentGroup& group, const PlannedDatagram& first, const PlannedDatagram& datagram) noexcept {
    const std::uint32_t segment = std::max(group.segment, datagram.size);
    const std::uint32_t smallest = std::min(group.smallest, datagram.size);
    return group.count < SegmentPlan::kMaxSegments && may_share(first) && may_share(datagram) &&
           segment - smallest <= SegmentPlan::kMaxPadding &&
           (group.count + 1U) * segment <= SegmentPlan::kMaxTotal;
}

}  // namespace

void SegmentPlan::make(std::span<const PlannedDatagram> datagrams) noexcept {
    constexpr std::uint8_t kNone = 0xff;
    std::array<std::uint8_t, kMaxDatagrams> open;  // the last group of each destination
    open.fill(kNone);
    group_count_ = 0;
    for (std::size_t i = 0; i < datagrams.size(); ++i) {
        const PlannedDatagram& datagram = datagrams[i];
        const auto index = static_cast<std::uint8_t>(i);
        std::uint8_t& last = open[datagram.destination];
        if (last != kNone && fits(groups_[last], datagrams[groups_[last].first], datagram)) {
            SegmentGroup& group = groups_[last];
            next_[group.last] = index;
            group.last = index;
            ++group.count;
            group.segment = std::max(group.segment, datagram.size);
            group.smallest = std::min(group.smallest, datagram.size);
            continue;
        }
        last = static_cast<std::uint8_t>(group_count_);
        groups_[group_count_++] = {index, index, 1, datagram.size, datagram.size};
    }
}

}  // namespace sipsteer
