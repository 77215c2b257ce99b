#pragma once

#include <boost/asio/steady_timer.hpp>

#include "proxy/http_router.hpp"
#include "proxy/message_watch.hpp"
#include "proxy/snapshot_cell.hpp"

namespace sipsteer {

/// The paths about single messages: the last transfers, the trace, the text of recent calls. Runs on the
/// thread that serves HTTP.
class WatchApi {
  public:
    /// References must outlive it.
    WatchApi(boost::asio::io_context& context, const SnapshotCell& snapshots, Watched& watched)
        : snapshots_(snapshots), watched_(watched), timer_(context) {}

    void add_public_routes(HttpRouter& router);
    void add_admin_routes(HttpRouter& router);

  private:
    [[nodiscard]] HttpResponse transfers(const HttpRequest& request) const;
    [[nodiscard]] HttpResponse recent(std::string_view call_id) const;
    [[nodiscard]] HttpResponse open_trace(const HttpRequest& request);
    [[nodiscard]] HttpResponse poll_trace(const HttpRequest& request);
    void wait_expiry();

    const SnapshotCell& snapshots_;
    Watched& watched_;
    boost::asio::steady_timer timer_;
    bool waiting_ = false;
};

}  // namespace sipsteer
