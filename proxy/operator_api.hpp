#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/http_router.hpp"
#include "proxy/pipeline.hpp"
#include "proxy/snapshot_cell.hpp"
#include "proxy/worker.hpp"

namespace sipsteer {

/// What operators see of a running proxy: the paths of HTTP and of the admin socket. Reads what the
/// workers share; runs on the thread that serves HTTP, never on a worker's.
class OperatorApi {
  public:
    /// References must outlive it. `workers` may still be filled before anything is served.
    OperatorApi(const SnapshotCell& snapshots, Tables& tables, const Watched& watched,
                const std::vector<std::unique_ptr<Worker>>& workers, bool key_persistent);

    /// Paths that anybody who reaches the HTTP port may read; they change nothing.
    void add_public_routes(HttpRouter& router);
    /// Further paths that the admin socket alone has.
    void add_admin_routes(HttpRouter& router);

  private:
    [[nodiscard]] std::string metrics() const;
    [[nodiscard]] HttpResponse ready() const;
    [[nodiscard]] HttpResponse owners(std::string_view call_id) const;
    [[nodiscard]] HttpResponse registrars(std::string_view user) const;
    [[nodiscard]] HttpResponse servers() const;
    [[nodiscard]] HttpResponse status() const;
    [[nodiscard]] HttpResponse explain_message(const HttpRequest& request);

    const SnapshotCell& snapshots_;
    Tables& tables_;
    const Watched& watched_;
    const std::vector<std::unique_ptr<Worker>>& workers_;
    bool key_persistent_;
    double started_at_;
};

}  // namespace sipsteer
