#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <list>
#include <memory>

#include "proxy/host_lookup.hpp"

struct sres_resolver_s;

namespace sipsteer {

/// One question to DNS, by sofia-sip's resolver, without blocking: its sockets and its timer are Asio's. It
/// has a resolver of its own, and so no cache: whoever asks again wants to know. For the thread that runs
/// `context`.
class DnsQuery : public std::enable_shared_from_this<DnsQuery> {
  public:
    using Done = std::function<void(const DnsAnswer&)>;

    /// `context` must outlive it.
    DnsQuery(boost::asio::io_context& context, DnsQuestion question, Done done);
    ~DnsQuery();
    DnsQuery(const DnsQuery&) = delete;
    DnsQuery& operator=(const DnsQuery&) = delete;

    /// To be called once. Calls `done` once, never from within this call; with a failure at once when no name
    /// server can be reached.
    void start();
    /// `done` is not called any more.
    void give_up() noexcept;

  private:
    [[nodiscard]] bool ask();
    [[nodiscard]] bool open_sockets();
    void wait(boost::asio::posix::stream_descriptor& socket);
    void tick();
    void take(DnsAnswer answer);

    boost::asio::io_context& context_;
    DnsQuestion question_;
    Done done_;  ///< empty: told, or nobody wants to know any more
    boost::asio::steady_timer timer_;
    sres_resolver_s* sofia_ = nullptr;
    std::list<boost::asio::posix::stream_descriptor> sockets_;  ///< sofia's, which also closes them
};

}  // namespace sipsteer
