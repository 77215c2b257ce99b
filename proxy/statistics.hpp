#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "proxy/http_router.hpp"
#include "proxy/pipeline.hpp"
#include "proxy/snapshot_cell.hpp"
#include "proxy/stat_history.hpp"

namespace sipsteer {

class Worker;

/// Samples the workers' counters once a second, and answers `/api/v1/statistics` from what it keeps. All on
/// the thread that serves HTTP.
class Statistics {
  public:
    /// References must outlive it. `workers` may still be filled before start().
    Statistics(boost::asio::io_context& context, const SnapshotCell& snapshots, const Tables& tables,
               const std::vector<std::unique_ptr<Worker>>& workers);

    void start();
    void add_routes(HttpRouter& router);

  private:
    void sample();
    void wait();
    [[nodiscard]] HttpResponse answer(const HttpRequest& request) const;

    const SnapshotCell& snapshots_;
    const Tables& tables_;
    const std::vector<std::unique_ptr<Worker>>& workers_;
    boost::asio::steady_timer timer_;
    StatHistory history_;
};

}  // namespace sipsteer
