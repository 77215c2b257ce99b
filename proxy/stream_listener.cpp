#include "proxy/stream_listener.hpp"

#include "proxy/stream_set.hpp"
#include "proxy/stream_socket.hpp"

namespace sipsteer {
namespace {

/// Taken in one go before messages get their turn.
constexpr int kAcceptsPerWakeup = 32;
/// Until descriptors may be free again.
constexpr std::chrono::milliseconds kPause{100};

/// The connection that was to be taken is gone, or another may be better: no reason to pause.
bool is_about_one_connection(const boost::system::error_code& error) {
    return error == boost::system::errc::connection_aborted || error == boost::system::errc::interrupted ||
           error == boost::system::errc::protocol_error;
}

}  // namespace

StreamListener::StreamListener(StreamSet& set, int fd, ListenerIndex index)
    : set_(set), index_(index), descriptor_(set.context(), fd), timer_(set.context()) {}

void StreamListener::stop() {
    boost::system::error_code ignored;
    descriptor_.close(ignored);
    timer_.cancel();
}

void StreamListener::wait_readable() {
    descriptor_.async_wait(boost::asio::posix::stream_descriptor::wait_read,
                           [this](const boost::system::error_code& error) {
                               if (!error) accept_waiting();
                           });
}

void StreamListener::accept_waiting() {
    const Transport transport = set_.snapshot().local[index_].bind.transport;
    for (int i = 0; i < kAcceptsPerWakeup; ++i) {
        Endpoint peer;
        boost::system::error_code error;
        const int fd = accept_stream(descriptor_.native_handle(), transport, peer, error);
        if (fd >= 0) {
            set_.accepted(fd, peer, index_);
        } else if (error == boost::system::errc::operation_would_block) {
            break;
        } else if (!is_about_one_connection(error)) {
            return pause();
        }
    }
    wait_readable();
}

void StreamListener::pause() {
    timer_.expires_after(kPause);
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) wait_readable();
    });
}

}  // namespace sipsteer
