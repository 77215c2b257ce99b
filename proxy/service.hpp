#pragma once

#include <atomic>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>
#include <vector>

#include "proxy/cluster_api.hpp"
#include "proxy/config_loader.hpp"
#include "proxy/connection_registry.hpp"
#include "proxy/http_router.hpp"
#include "proxy/key_file.hpp"
#include "proxy/live_cluster.hpp"
#include "proxy/main_loop.hpp"
#include "proxy/next_hop_names.hpp"
#include "proxy/operator_api.hpp"
#include "proxy/pipeline.hpp"
#include "proxy/server_names.hpp"
#include "proxy/service_manager.hpp"
#include "proxy/statistics.hpp"
#include "proxy/table_file.hpp"
#include "proxy/watch_api.hpp"
#include "proxy/worker.hpp"

namespace sipsteer {

class HttpServer;

/// A running proxy: tables, workers, and what operators look at. The thread that calls run() serves
/// HTTP and signals; SIP is the workers' alone.
class Service {
  public:
    /// `known`: addresses of the servers' names, as far as DNS has given them by now. `table_file`: none, or
    /// one for config.calls.max.
    Service(std::unique_ptr<MainLoop> loop, Config config, const ClusterSecret& secret,
            const HostAddresses& known, std::unique_ptr<TableFile> table_file);
    ~Service();

    /// Opens everything. Returns what went wrong, empty when nothing did.
    [[nodiscard]] std::string start();

    /// Serves until SIGTERM or SIGINT. SIGHUP reads the configuration file again.
    void run();

  private:
    [[nodiscard]] std::string use_tls(const Config& config);
    [[nodiscard]] std::string take_over_tables();
    void keep_said();
    [[nodiscard]] std::string open_workers();
    [[nodiscard]] std::string open_http();
    [[nodiscard]] std::string open_admin();
    void wait_ending();
    void wait_reload();
    void take_addresses(const HostAddresses& addresses);
    void keep_targets(const HostName& name);
    void look_each_second();
    [[nodiscard]] std::string status_line() const;
    /// All workers have come round to their work since this was asked last.
    [[nodiscard]] bool workers_go_on();
    LiveCluster::Reload reload();
    LiveCluster::Reload read_again();
    void take_health(const HealthReport& report);
    /// Lets streams finish, for process.drain at most; then end().
    void drain();
    void end();

    const Config config_;  ///< as at the start; a reload changes the cluster's
    LiveCluster cluster_;
    std::unique_ptr<TableFile> table_file_;
    const std::unique_ptr<OwnTableMemory> own_memory_;  ///< where there is no table file
    Tables tables_;
    Watched watched_;
    ConnectionRegistry connections_;
    std::vector<std::unique_ptr<Worker>> workers_;
    std::size_t draining_ = 0;                   ///< workers that still have streams
    std::atomic<std::size_t> not_round_yet_{0};  ///< workers, as workers_go_on() asks
    const std::unique_ptr<MainLoop> loop_;
    boost::asio::io_context& context_{loop_->context};
    boost::asio::steady_timer drain_timer_{context_};
    boost::asio::steady_timer second_timer_{context_};
    ClusterApi cluster_api_;
    OperatorApi api_;
    ServerNames names_;
    NextHopNames hops_;
    Statistics statistics_;
    WatchApi watch_api_;
    ServiceManager manager_;
    HttpRouter router_;
    std::unique_ptr<HttpServer> http_;
    HttpRouter admin_router_;  ///< all of router_, and what only the admin socket may
    std::unique_ptr<HttpServer> admin_;
    std::string admin_socket_;  ///< path of the open one
};

}  // namespace sipsteer
