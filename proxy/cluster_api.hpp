#pragma once

#include <functional>
#include <string_view>

#include "proxy/http_router.hpp"
#include "proxy/live_cluster.hpp"

namespace sipsteer {

struct Tables;

/// What the admin socket may change: the state of a server, and the configuration by reading it again.
/// Each change is logged. References must outlive the router; `reload` is called for a reload.
class ClusterApi {
  public:
    ClusterApi(LiveCluster& cluster, const Tables& tables, std::function<LiveCluster::Reload()> reload)
        : cluster_(cluster), tables_(tables), reload_(std::move(reload)) {}

    void add_admin_routes(HttpRouter& router);

  private:
    [[nodiscard]] HttpResponse set_state(std::string_view server, ServerState state);
    [[nodiscard]] HttpResponse reload();

    LiveCluster& cluster_;
    const Tables& tables_;
    std::function<LiveCluster::Reload()> reload_;
};

}  // namespace sipsteer
