#include "proxy/operator_api.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>

#include "proxy/config_schema.hpp"
#include "proxy/decision_log.hpp"
#include "proxy/explain.hpp"
#include "proxy/log.hpp"
#include "proxy/metrics.hpp"
#include "proxy/status_page.hpp"

namespace sipsteer {
namespace {

double seconds_since_1970() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string_view state_word(DialogState state) noexcept {
    switch (state) {
        case DialogState::early: return "early";
        case DialogState::confirmed: return "confirmed";
        case DialogState::grace: return "grace";
    }
    return "early";
}

HttpResponse json(unsigned status, const boost::json::value& value) {
    return {.status = status, .body = boost::json::serialize(value) + "\n"};
}

std::uint64_t calls_of(const Tables& tables, ServerId id) {
    const std::int64_t count = tables.calls.counts().of(id);
    return count > 0 ? static_cast<std::uint64_t>(count) : 0;
}

}  // namespace

OperatorApi::OperatorApi(const SnapshotCell& snapshots, Tables& tables, const Watched& watched,
                         const std::vector<std::unique_ptr<Worker>>& workers, bool key_persistent)
    : snapshots_(snapshots),
      tables_(tables),
      watched_(watched),
      workers_(workers),
      key_persistent_(key_persistent),
      started_at_(seconds_since_1970()) {}

void OperatorApi::add_public_routes(HttpRouter& router) {
    router.get("/", [](const HttpRequest&) { return status_page(); });
    router.get("/metrics", [this](const HttpRequest&) {
        return HttpResponse{.body = metrics(), .content_type = kMetricsContentType};
    });
    router.get("/live", [](const HttpRequest&) { return json(200, {{"status", "live"}}); });
    router.get("/ready", [this](const HttpRequest&) { return ready(); });
    router.get("/api/v1/status", [this](const HttpRequest&) { return status(); });
    router.get("/api/v1/servers", [this](const HttpRequest&) { return servers(); });
    router.get("/api/v1/owners/{}",
               [this](const HttpRequest& request) { return owners(request.parameters.front()); });
}

void OperatorApi::add_admin_routes(HttpRouter& router) {
    router.get("/api/v1/registrars/{}",
               [this](const HttpRequest& request) { return registrars(request.parameters.front()); });
    router.post("/api/v1/explain", [this](const HttpRequest& request) { return explain_message(request); });
}

std::string OperatorApi::metrics() const {
    std::vector<const Counters*> counters;
    for (const auto& worker : workers_) counters.push_back(&worker->counters());
    Gauges gauges;
    for (const MediaServer& server : snapshots_.get()->servers.configured()) {
        gauges.servers.push_back(
            {server.name, server.id, server.up, tables_.probe_uses.get(server.id) == ProbeUse::usable,
             calls_of(tables_, server.id), static_cast<double>(tables_.round_trips.get(server.id)) * 1e-6});
    }
    gauges.call_table_entries = tables_.calls.size();
    gauges.pin_table_entries = tables_.pins.size();
    gauges.binding_table_entries = tables_.bindings.size();
    gauges.call_table_capacity = tables_.calls.capacity();
    gauges.pin_table_capacity = tables_.pins.capacity();
    gauges.call_table_evictions = tables_.calls.evictions();
    gauges.pin_table_evictions = tables_.pins.evictions();
    for (std::size_t i = 0; i < gauges.refers.size(); ++i) {
        gauges.refers[i] = watched_.transfers.refers(static_cast<ReferOwner>(i));
    }
    gauges.auth_refused = watched_.refusals.total();
    gauges.process = read_process_stats();
    gauges.key_persistent = key_persistent_;
    gauges.start_time_seconds = started_at_;
    gauges.log_lines_lost = log_lines_lost();
    return render_metrics(counters, gauges);
}

HttpResponse OperatorApi::ready() const {
    const auto snapshot = snapshots_.get();
    if (snapshot->ending) return json(503, {{"status", "ending"}});
    if (!snapshot->servers.any_up()) return json(503, {{"status", "no server up"}});
    return json(200, {{"status", "ready"}});
}

HttpResponse OperatorApi::owners(std::string_view call_id) const {
    const auto snapshot = snapshots_.get();
    const Seconds now = seconds_since_boot();
    boost::json::array dialogs;
    for (const Owner& owner : tables_.calls.find_all(call_digest(snapshot->key, call_id).low, now)) {
        const auto index = snapshot->servers.by_id(owner.server);
        dialogs.push_back({{"server", index ? snapshot->servers[*index].name : "removed"},
                           {"state", state_word(owner.state)},
                           {"expires_in_s", owner.expires - now},
                           {"source", "table"}});
    }
    if (dialogs.empty()) return http_error(404, "unknown");
    return json(200, {{"dialogs", std::move(dialogs)}});
}

HttpResponse OperatorApi::registrars(std::string_view user) const {
    const auto snapshot = snapshots_.get();
    const Seconds now = seconds_since_boot();
    boost::json::array list;
    for (const Binding& binding : tables_.bindings.find_all(aor_user_hash(*snapshot, user), now)) {
        const auto index = snapshot->servers.by_id(binding.server);
        list.push_back({{"server", index ? snapshot->servers[*index].name : "removed"},
                        {"expires_in_s", binding.expires - now}});
    }
    if (list.empty()) return http_error(404, "unknown");
    return json(200, {{"registrars", std::move(list)}});
}

HttpResponse OperatorApi::servers() const {
    const auto snapshot = snapshots_.get();
    const auto describe = [&](std::span<const MediaServer> servers) {
        boost::json::array list;
        for (const MediaServer& server : servers) {
            boost::json::array addresses;
            for (const Endpoint& endpoint : server.endpoints) addresses.emplace_back(to_string(endpoint));
            list.push_back({{"name", server.name},
                            {"uri", server.uri},
                            {"addresses", std::move(addresses)},
                            {"group", snapshot->servers.groups()[server.group]},
                            {"state", to_string(server.state)},
                            {"state_source", server.state_is_operators ? "operator" : "config"},
                            {"origin", to_string(server.origin)},
                            {"up", server.up},
                            {"share", static_cast<double>(server.share) / kFullShare},
                            {"rtt_ms", tables_.round_trips.get(server.id) / 1000.0},
                            {"weight", server.weight},
                            {"backup", server.backup},
                            {"calls", calls_of(tables_, server.id)},
                            {"setups", std::max<std::int64_t>(tables_.pins.setups().of(server.id), 0)}});
        }
        return list;
    };
    return json(200, {{"servers", describe(snapshot->servers.configured())},
                      {"leaving", describe(snapshot->servers.leaving())}});
}

HttpResponse OperatorApi::status() const {
    return json(200, {{"version", SIPSTEER_VERSION},
                      {"uptime_s", static_cast<std::int64_t>(seconds_since_1970() - started_at_)},
                      {"workers", workers_.size()},
                      {"call_table_entries", tables_.calls.size()},
                      {"call_table_capacity", tables_.calls.capacity()},
                      {"pin_table_entries", tables_.pins.size()},
                      {"binding_table_entries", tables_.bindings.size()},
                      {"key_persistent", key_persistent_}});
}

HttpResponse OperatorApi::explain_message(const HttpRequest& request) {
    const auto from = explain_source(request.query_value("from").value_or(""));
    if (!from) return http_error(400, "from: " + from.error());
    if (request.body.empty()) return http_error(400, "no message in the body");
    const Explanation explanation =
        explain(*snapshots_.get(), tables_, with_crlf(request.body), *from, seconds_since_boot());
    return {.body = to_json(explanation)};
}

}  // namespace sipsteer
