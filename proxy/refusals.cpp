#include "proxy/refusals.hpp"

#include <linux/errqueue.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "proxy/socket_address.hpp"

namespace sipsteer {
namespace {

bool names_unreachable(const sock_extended_err& error) noexcept {
    if (error.ee_origin != SO_EE_ORIGIN_ICMP && error.ee_origin != SO_EE_ORIGIN_ICMP6) return false;
    return error.ee_errno == ECONNREFUSED || error.ee_errno == EHOSTUNREACH || error.ee_errno == ENETUNREACH;
}

}  // namespace

void keep_refusals(int fd, bool v6) noexcept {
    const int on = 1;
    static_cast<void>(v6 ? ::setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on)
                         : ::setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on));
}

std::optional<Endpoint> next_refusal(int fd) noexcept {
    for (;;) {
        sockaddr_storage to{};
        // The datagram itself comes back too, as far as the router quoted it; nobody needs it.
        alignas(cmsghdr) std::array<char, 512> control{};
        msghdr message{};
        message.msg_name = &to;
        message.msg_namelen = sizeof to;
        message.msg_control = control.data();
        message.msg_controllen = control.size();
        if (::recvmsg(fd, &message, MSG_ERRQUEUE | MSG_DONTWAIT) < 0) return std::nullopt;
        for (cmsghdr* part = CMSG_FIRSTHDR(&message); part != nullptr; part = CMSG_NXTHDR(&message, part)) {
            const bool told = (part->cmsg_level == IPPROTO_IP && part->cmsg_type == IP_RECVERR) ||
                              (part->cmsg_level == IPPROTO_IPV6 && part->cmsg_type == IPV6_RECVERR);
            if (!told) continue;
            sock_extended_err error{};
            std::memcpy(&error, CMSG_DATA(part), sizeof error);
            const bool has_address = to.ss_family == AF_INET || to.ss_family == AF_INET6;
            if (has_address && names_unreachable(error)) return to_endpoint(to, Transport::udp);
        }
    }
}

}  // namespace sipsteer
