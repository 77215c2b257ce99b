#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <string>
#include <string_view>

namespace sipsteer {

/// Tells whoever started us (systemd) how we are: sd_notify(3)'s protocol, one datagram to $NOTIFY_SOCKET
/// for each word. Without that variable it tells nothing. Not for workers: a send may wait kMostWait.
class ServiceManager {
  public:
    /// `status`: one line for people. `alive`: whether all that has to go on does; asked kTicks times within
    /// $WATCHDOG_USEC, and with a no the watchdog is not told that it does.
    ServiceManager(boost::asio::io_context& context, std::function<std::string()> status,
                   std::function<bool()> alive);
    ~ServiceManager();
    ServiceManager(const ServiceManager&) = delete;
    ServiceManager& operator=(const ServiceManager&) = delete;

    /// We listen, or a reload is over. From the first one on the status is kept and the watchdog fed.
    void ready();
    void reloading();
    /// For good: nothing but the watchdog's food comes behind it.
    void stopping();

    static constexpr std::chrono::seconds kMostWait{1};
    /// Each change of the status is a message on the system's bus.
    static constexpr std::chrono::seconds kStatusPause{5};
    /// One that comes late must not end us.
    static constexpr int kTicks = 4;

  private:
    void tell(std::string_view words) noexcept;
    void keep_status();
    void feed_watchdog();

    std::function<std::string()> status_;
    std::function<bool()> alive_;
    std::string told_;  ///< the status
    int fd_;            ///< -1: nobody wants to know
    bool keeping_ = false;
    bool stopping_ = false;
    std::chrono::microseconds watchdog_;  ///< between two ticks; 0: there is none
    boost::asio::steady_timer status_timer_;
    boost::asio::steady_timer watchdog_timer_;
};

}  // namespace sipsteer
