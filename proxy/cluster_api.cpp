#include "proxy/cluster_api.hpp"

#include <boost/json.hpp>

#include "proxy/config_schema.hpp"
#include "proxy/log.hpp"
#include "proxy/pipeline.hpp"

namespace sipsteer {
namespace {

namespace json = boost::json;

HttpResponse answer(unsigned status, const json::value& value) {
    return {.status = status, .body = json::serialize(value) + "\n"};
}

json::array to_json(const std::vector<std::string>& lines) { return json::array(lines.begin(), lines.end()); }

}  // namespace

void ClusterApi::add_admin_routes(HttpRouter& router) {
    router.post("/api/v1/servers/{}/ready", [this](const HttpRequest& request) {
        return set_state(request.parameters.front(), ServerState::ready);
    });
    router.post("/api/v1/servers/{}/drain", [this](const HttpRequest& request) {
        return set_state(request.parameters.front(), ServerState::drain);
    });
    router.post("/api/v1/servers/{}/maint", [this](const HttpRequest& request) {
        return set_state(request.parameters.front(), ServerState::maint);
    });
    router.post("/api/v1/reload", [this](const HttpRequest&) { return reload(); });
}

HttpResponse ClusterApi::set_state(std::string_view name, ServerState state) {
    if (!cluster_.set_state(name, state)) return http_error(404, "no such server: " + std::string{name});
    log_event(LogLevel::warning, "state", {{"server", name}, {"state", to_string(state)}}, LogRate::many);
    std::int64_t calls = 0;
    for (const MediaServer& server : cluster_.snapshots().get()->servers.all()) {
        if (server.name == name) calls = tables_.calls.counts().of(server.id);
    }
    return answer(200, {{"server", name}, {"state", to_string(state)}, {"calls", calls}});
}

HttpResponse ClusterApi::reload() {
    const LiveCluster::Reload result = reload_();
    if (result.errors.empty()) return answer(200, {{"changes", to_json(result.changes)}});
    return answer(409, {{"error", "nothing has changed"}, {"errors", to_json(result.errors)}});
}

}  // namespace sipsteer
