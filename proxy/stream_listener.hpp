#pragma once

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "routing/local_addresses.hpp"

namespace sipsteer {

class StreamSet;

/// One worker's listening socket: hands what it accepts to its StreamSet. When the process has no
/// descriptors left it pauses, so that it neither spins nor stops for good.
class StreamListener {
  public:
    /// `fd` becomes its own.
    StreamListener(StreamSet& set, int fd, ListenerIndex index);

    void start() { wait_readable(); }
    void stop();

  private:
    void wait_readable();
    void accept_waiting();
    void pause();

    StreamSet& set_;
    const ListenerIndex index_;
    boost::asio::posix::stream_descriptor descriptor_;
    boost::asio::steady_timer timer_;
};

}  // namespace sipsteer
