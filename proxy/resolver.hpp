#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <vector>

#include "proxy/host_lookup.hpp"

namespace sipsteer {

/// Looks host names up in DNS (sofia-sip's resolver) without blocking: its sockets and timer are Asio's. A
/// name that DNS does not know is asked of the system, whose hosts file may (on a thread of Asio's own).
/// For the thread that runs `context`.
class Resolver {
  public:
    using Done = std::function<void(const HostFound&)>;

    /// `context` must outlive it.
    explicit Resolver(boost::asio::io_context& context);
    /// What is not done yet is never told.
    ~Resolver();
    Resolver(const Resolver&) = delete;
    Resolver& operator=(const Resolver&) = delete;

    /// Calls `done` once, never from within this call. Nothing is cached: DNS is asked each time.
    void look_up(const HostName& name, Done done);

  private:
    class Query;
    boost::asio::io_context& context_;
    std::vector<std::shared_ptr<Query>> queries_;
};

}  // namespace sipsteer
