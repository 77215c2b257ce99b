#include "proxy/send_batch.hpp"

#include <netinet/udp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "proxy/fragments.hpp"
#include "routing/copy_bytes.hpp"

namespace sipsteer {
namespace {

static_assert(kBatch <= SegmentPlan::kMaxDatagrams);

/// A destination that refused segments is tried again after so many batches: some seconds of full load.
constexpr std::uint64_t kRefusalBatches = 10000;

bool same(const SocketAddress& a, const SocketAddress& b) noexcept {
    return a.size == b.size && std::memcmp(&a.storage, &b.storage, a.size) == 0;
}

/// Unkeyed: who collides on purpose only slows down his own round.
std::size_t mix(int fd, const SocketAddress& address) noexcept {
    std::uint64_t sum = static_cast<std::uint64_t>(fd);
    for (std::size_t at = 0; at + 8 <= address.size; at += 8) {
        std::uint64_t word = 0;
        std::memcpy(&word, reinterpret_cast<const char*>(&address.storage) + at, sizeof word);
        sum = (sum ^ word) * 0x9e3779b97f4a7c15ULL;
        sum ^= sum >> 32;
    }
    return static_cast<std::size_t>(sum);
}

/// The path or the device cannot: plain sends can.
bool is_refusal(int error) noexcept {
    return error == EIO || error == EINVAL || error == EMSGSIZE || error == EOPNOTSUPP;
}

/// Some path may carry it in fragments only.
bool is_large(const SegmentGroup& group) noexcept { return group.segment > SegmentPlan::kMaxSegment; }

iovec vector_of(std::string_view bytes) noexcept { return {const_cast<char*>(bytes.data()), bytes.size()}; }

}  // namespace

SendBatch::SendBatch()
    : memory_(reserve_slots(kBatch * kSlotBytes)),
      gathered_(reserve_slots(kBatch * SegmentPlan::kMaxSegment)) {}

void SendBatch::add(int fd, const Endpoint& to, std::size_t size, std::size_t pad_at) noexcept {
    to_socket_address(to.address, to.port, addresses_[count_]);
    fds_[count_] = fd;
    datagrams_[count_].size = static_cast<std::uint32_t>(size);
    datagrams_[count_].pad_at = static_cast<std::uint32_t>(pad_at);
    ++count_;
}

/// The number of the first datagram that goes the same way.
std::uint8_t SendBatch::destination_of(std::size_t datagram) noexcept {
    for (std::size_t at = mix(fds_[datagram], addresses_[datagram]);; ++at) {
        std::uint8_t& entry = by_address_[at % by_address_.size()];
        if (entry == 0) entry = static_cast<std::uint8_t>(datagram + 1);
        const std::size_t other = entry - 1U;
        if (fds_[other] == fds_[datagram] && same(addresses_[other], addresses_[datagram]))
            return static_cast<std::uint8_t>(other);
    }
}

SendBatch::Refusal& SendBatch::refusal_of(std::size_t datagram) noexcept {
    return refusals_[mix(0, addresses_[datagram]) % refusals_.size()];
}

bool SendBatch::is_refused(std::size_t datagram) noexcept {
    const Refusal& refusal = refusal_of(datagram);
    return refusal.until > batches_ && same(refusal.address, addresses_[datagram]);
}

void SendBatch::send_all() noexcept {
    ++batches_;
    const bool several = segmenting_ && count_ > 1;
    if (several) by_address_.fill(0);
    for (std::size_t i = 0; i < count_; ++i) {
        datagrams_[i].alone = !several || (refused_until_ > batches_ && is_refused(i));
        datagrams_[i].destination = several ? destination_of(i) : static_cast<std::uint8_t>(i);
    }
    plan_.make({datagrams_.data(), count_});
    const auto groups = plan_.groups();
    gathered_bytes_ = 0;
    for (std::size_t g = 0; g < groups.size(); ++g) prepare(g);
    for (std::size_t at = 0; at < groups.size();) {
        const int fd = fds_[groups[at].first];
        const bool large = is_large(groups[at]);
        std::size_t run = at + 1;
        while (run < groups.size() && fds_[groups[run].first] == fd && is_large(groups[run]) == large) ++run;
        const std::size_t sent =
            large ? send_large(fd, &headers_[at], run - at) : send(fd, &headers_[at], run - at);
        for (std::size_t g = at; g < at + sent; ++g) mark(groups[g], true);
        at += sent;
        if (sent != 0) continue;  // all, or the next one is refused: then the error comes with the next call
        mmsghdr& refused = headers_[at];
        const SegmentGroup& group = groups[at++];
        if (group.count == 1) {
            mark(group, errno == EMSGSIZE && send_large(fd, &refused, 1) == 1);
            continue;
        }
        if (is_refusal(errno)) {
            refused_until_ = batches_ + kRefusalBatches;
            refusal_of(group.first) = {addresses_[group.first], refused_until_};
        }
        send_plain(group);
    }
}

/// The datagrams of a group behind one another, all but the last padded. The copy is cheaper than pieces for
/// the kernel to gather (three of each datagram: 1.30 to 1.26 us a message, in groups of three on loopback).
std::string_view SendBatch::gather(const SegmentGroup& group) noexcept {
    char* const begin = gathered_.get() + gathered_bytes_;
    char* at = begin;
    for (std::size_t i = group.first, left = group.count; left > 0; i = plan_.next(i), --left) {
        const PlannedDatagram& datagram = datagrams_[i];
        const std::string_view bytes{memory_.get() + i * kSlotBytes, datagram.size};
        const std::size_t blanks = left == 1 ? 0 : group.segment - datagram.size;
        copy_bytes(at, bytes.substr(0, datagram.pad_at));
        at = std::ranges::fill_n(at + datagram.pad_at, static_cast<std::ptrdiff_t>(blanks), ' ');
        copy_bytes(at, bytes.substr(datagram.pad_at));
        at += bytes.size() - datagram.pad_at;
    }
    const auto size = static_cast<std::size_t>(at - begin);
    gathered_bytes_ += size;
    return {begin, size};
}

void SendBatch::prepare(std::size_t index) noexcept {
    const SegmentGroup& group = plan_.groups()[index];
    msghdr& header = headers_[index].msg_hdr;
    header = {};
    header.msg_name = &addresses_[group.first].storage;
    header.msg_namelen = addresses_[group.first].size;
    header.msg_iov = &vectors_[index];
    header.msg_iovlen = 1;
    if (group.count == 1) {
        vectors_[index] = vector_of({memory_.get() + group.first * kSlotBytes, group.segment});
        return;
    }
    vectors_[index] = vector_of(gather(group));
    header.msg_control = controls_[index].bytes.data();
    header.msg_controllen = controls_[index].bytes.size();
    cmsghdr* const control = CMSG_FIRSTHDR(&header);
    control->cmsg_level = SOL_UDP;
    control->cmsg_type = UDP_SEGMENT;
    control->cmsg_len = CMSG_LEN(sizeof(std::uint16_t));
    const auto segment = static_cast<std::uint16_t>(group.segment);
    std::memcpy(CMSG_DATA(control), &segment, sizeof segment);
}

/// How many messages of `fd` the kernel took before it refused one; 0: it refuses the first, and errno says
/// why.
std::size_t SendBatch::send(int fd, mmsghdr* headers, std::size_t wanted) noexcept {
    for (int tries = 0; tries < 4; ++tries) {
        const int count = ::sendmmsg(fd, headers, static_cast<unsigned>(wanted), MSG_DONTWAIT | MSG_NOSIGNAL);
        // Behind what it took there may stand an ICMP error, which it does not tell.
        if (count > 0) error_ = error_ || static_cast<std::size_t>(count) < wanted;
        if (count >= 0) return static_cast<std::size_t>(count);
        if (errno == EAGAIN || errno == EWOULDBLOCK || errno == ENOBUFS) return 0;
        // The ICMP error of an earlier send is reported once, to whatever is sent next.
        error_ = error_ || errno != EINTR;
    }
    return 0;
}

/// The same for what may need fragments.
std::size_t SendBatch::send_large(int fd, mmsghdr* headers, std::size_t wanted) noexcept {
    allow_fragments(fd, true);
    const std::size_t sent = send(fd, headers, wanted);
    const int error = errno;
    allow_fragments(fd, false);
    errno = error;
    return sent;
}

/// One by one, as they were written.
void SendBatch::send_plain(const SegmentGroup& group) noexcept {
    for (std::size_t i = group.first, left = group.count; left > 0; i = plan_.next(i), --left) {
        iovec vector = vector_of({memory_.get() + i * kSlotBytes, datagrams_[i].size});
        mmsghdr header{};
        header.msg_hdr.msg_name = &addresses_[i].storage;
        header.msg_hdr.msg_namelen = addresses_[i].size;
        header.msg_hdr.msg_iov = &vector;
        header.msg_hdr.msg_iovlen = 1;
        sent_[i] =
            send(fds_[i], &header, 1) == 1 || (errno == EMSGSIZE && send_large(fds_[i], &header, 1) == 1);
    }
}

void SendBatch::mark(const SegmentGroup& group, bool sent) noexcept {
    for (std::size_t i = group.first, left = group.count; left > 0; i = plan_.next(i), --left)
        sent_[i] = sent;
}

}  // namespace sipsteer
