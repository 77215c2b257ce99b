#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <csignal>

namespace sipsteer {

/// What the main thread waits on. From construction on SIGTERM, SIGINT and SIGHUP have no effect of their
/// own: each is kept for whoever waits for it next.
struct MainLoop {
    boost::asio::io_context context{1};
    boost::asio::signal_set ending{context, SIGTERM, SIGINT};
    boost::asio::signal_set reload{context, SIGHUP};
};

}  // namespace sipsteer
