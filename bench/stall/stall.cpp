// Loaded in front of the C library (LD_PRELOAD): sleeps before each receive of a forwarder, STALL_US
// microseconds, so that it finds as many datagrams as its rounds hold. A generator on the same machine is
// about as fast as what it loads, and by itself never lets so many come together.

#include <dlfcn.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace {

using Receive = int (*)(int, mmsghdr*, unsigned, int, timespec*);

const auto next_receive = reinterpret_cast<Receive>(::dlsym(RTLD_NEXT, "recvmmsg"));

unsigned stall_us() {
    const char* const text = std::getenv("STALL_US");
    return text == nullptr ? 0 : static_cast<unsigned>(std::atoi(text));
}

}  // namespace

extern "C" int recvmmsg(int fd, mmsghdr* messages, unsigned count, int flags, timespec* timeout) {
    static const unsigned us = stall_us();
    ::usleep(us);
    return next_receive(fd, messages, count, flags, timeout);
}
