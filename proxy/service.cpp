#include "proxy/service.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <csignal>
#include <ostream>

#include "proxy/admin_socket.hpp"
#include "proxy/config_schema.hpp"
#include "proxy/config_values.hpp"
#include "proxy/decision_log.hpp"
#include "proxy/explain.hpp"
#include "proxy/http_server.hpp"
#include "proxy/log.hpp"
#include "proxy/metrics.hpp"
#include "proxy/server_changes.hpp"
#include "proxy/status_page.hpp"
#include "proxy/udp_socket.hpp"

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

Service::Service(Config config, const ClusterSecret& secret)
    : config_(std::move(config)),
      key_persistent_(secret.persistent()),
      built_(build_snapshot(config_, ClusterKey::derive(secret.secret))),
      snapshots_(built_.snapshot),
      tables_(config_.calls.max),
      started_at_(seconds_since_1970()) {
    add_routes();
}

Service::~Service() = default;

std::string Service::start() {
    for (const std::string& remark : built_.remarks)
        log_event(LogLevel::warning, "config", {{"message", remark}});
    if (auto error = open_workers(); !error.empty()) return error;
    if (auto error = open_http(); !error.empty()) return error;
    if (auto error = open_admin(); !error.empty()) return error;
    wait_signal();
    for (const auto& worker : workers_) worker->start(workers_);
    for (const Listener& listener : built_.snapshot->local.listeners()) {
        log_event(LogLevel::info, "listening",
                  {{"address", to_string(listener.bind)}, {"advertise", listener.sent_by}});
    }
    return {};
}

std::string Service::open_workers() {
    const auto describe = [this](ListenerIndex index, const boost::system::error_code& error) {
        return fmt::format("cannot listen on {}: {}", to_string(built_.snapshot->local[index].bind),
                           error.message());
    };
    for (ListenerIndex i = 0; i < built_.snapshot->local.listeners().size(); ++i) {
        if (const auto error = probe_udp(context_, built_.snapshot->local[i].bind)) return describe(i, error);
    }
    for (std::uint32_t i = 0; i < config_.process.workers; ++i) {
        auto worker = std::make_unique<Worker>(snapshots_, tables_, static_cast<std::uint8_t>(i));
        ListenerIndex failed = 0;
        if (const auto error = worker->open(failed)) return describe(failed, error);
        workers_.push_back(std::move(worker));
    }
    return {};
}

/// A defaulted address that is taken is a warning, a written one an error (contract).
std::string Service::open_http() {
    if (!config_.listen.http_address) return {};
    auto server = std::make_unique<HttpServer>(context_, router_);
    const auto error = server->listen(*config_.listen.http_address, config_.listen.http_port);
    if (!error) {
        http_ = std::move(server);
        log_event(LogLevel::info, "http", {{"address", config_.listen.http}});
        return {};
    }
    const std::string message =
        fmt::format("cannot listen on http {}: {}", config_.listen.http, error.message());
    if (config_.is_written("listen.http")) return message;
    log_event(LogLevel::warning, "http", {{"message", message}});
    return {};
}

std::string Service::open_admin() {
    const bool written = config_.is_written("process.admin_socket");
    const std::string path = written ? config_.process.admin_socket : default_admin_socket();
    if (written && path.empty()) return {};  // off
    std::string message = "no folder for an admin socket: set process.admin_socket";
    if (!path.empty()) {
        make_folder_of(path);
        auto server = std::make_unique<HttpServer>(context_, admin_router_);
        const auto error = server->listen_unix(path);
        if (!error) {
            admin_ = std::move(server);
            admin_socket_ = path;
            log_event(LogLevel::info, "admin", {{"socket", path}});
            return {};
        }
        message = fmt::format("cannot listen on admin socket {}: {}", path, error.message());
    }
    if (written) return message;
    log_event(LogLevel::warning, "admin", {{"message", message}});
    return {};
}

void Service::add_routes() {
    router_.get("/", [](const HttpRequest&) { return status_page(); });
    router_.get("/metrics", [this](const HttpRequest&) {
        return HttpResponse{.body = metrics(), .content_type = kMetricsContentType};
    });
    router_.get("/live", [](const HttpRequest&) { return json(200, {{"status", "live"}}); });
    router_.get("/ready", [this](const HttpRequest&) { return ready(); });
    router_.get("/api/v1/status", [this](const HttpRequest&) { return status(); });
    router_.get("/api/v1/servers", [this](const HttpRequest&) { return servers(); });
    router_.get("/api/v1/owners/{}",
                [this](const HttpRequest& request) { return owners(request.parameters.front()); });
    admin_router_ = router_;
    admin_router_.post("/api/v1/explain",
                       [this](const HttpRequest& request) { return explain_message(request); });
}

std::string Service::metrics() const {
    std::vector<const Counters*> counters;
    for (const auto& worker : workers_) counters.push_back(&worker->counters());
    Gauges gauges;
    for (const MediaServer& server : snapshots_.get()->servers.all()) {
        gauges.servers.push_back({server.name, server.up,
                                  tables_.probe_uses.get(server.id) == ProbeUse::usable,
                                  calls_of(tables_, server.id)});
    }
    gauges.call_table_entries = tables_.calls.size();
    gauges.pin_table_entries = tables_.pins.size();
    gauges.key_persistent = key_persistent_;
    gauges.start_time_seconds = started_at_;
    gauges.log_lines_lost = log_lines_lost();
    return render_metrics(counters, gauges);
}

HttpResponse Service::ready() const {
    if (ending_) return json(503, {{"status", "ending"}});
    if (!snapshots_.get()->servers.any_up()) return json(503, {{"status", "no server up"}});
    return json(200, {{"status", "ready"}});
}

HttpResponse Service::owners(std::string_view call_id) const {
    const auto snapshot = snapshots_.get();
    const Seconds now = seconds_since_boot();
    boost::json::array dialogs;
    for (const Owner& owner : tables_.calls.find_all(call_hash(snapshot->key.table, call_id), now)) {
        const auto index = snapshot->servers.by_id(owner.server);
        dialogs.push_back({{"server", index ? snapshot->servers[*index].name : "removed"},
                           {"state", state_word(owner.state)},
                           {"expires_in_s", owner.expires - now},
                           {"source", "table"}});
    }
    if (dialogs.empty()) return http_error(404, "unknown");
    return json(200, {{"dialogs", std::move(dialogs)}});
}

HttpResponse Service::servers() const {
    const auto snapshot = snapshots_.get();
    boost::json::array list;
    for (const MediaServer& server : snapshot->servers.all()) {
        boost::json::array addresses;
        for (const Endpoint& endpoint : server.endpoints) addresses.emplace_back(to_string(endpoint));
        list.push_back({{"name", server.name},
                        {"uri", server.uri},
                        {"addresses", std::move(addresses)},
                        {"group", snapshot->servers.groups()[server.group]},
                        {"state", to_string(server.state)},
                        {"up", server.up},
                        {"weight", server.weight},
                        {"backup", server.backup},
                        {"calls", calls_of(tables_, server.id)}});
    }
    return json(200, {{"servers", std::move(list)}});
}

HttpResponse Service::status() const {
    return json(200, {{"version", SIPSTEER_VERSION},
                      {"uptime_s", static_cast<std::int64_t>(seconds_since_1970() - started_at_)},
                      {"workers", workers_.size()},
                      {"call_table_entries", tables_.calls.size()},
                      {"call_table_capacity", tables_.calls.capacity()},
                      {"pin_table_entries", tables_.pins.size()},
                      {"key_persistent", key_persistent_}});
}

HttpResponse Service::explain_message(const HttpRequest& request) {
    const auto from = explain_source(request.query_value("from").value_or(""));
    if (!from) return http_error(400, "from: " + from.error());
    if (request.body.empty()) return http_error(400, "no message in the body");
    const Explanation explanation =
        explain(*snapshots_.get(), tables_, with_crlf(request.body), *from, seconds_since_boot());
    return {.body = to_json(explanation)};
}

void Service::wait_signal() {
    for (const int signal : {SIGTERM, SIGINT, SIGHUP}) signals_.add(signal);
    signals_.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        if (signal == SIGHUP) {
            reload();
            wait_signal();
            return;
        }
        log_event(LogLevel::info, "ending", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
        end();
    });
}

/// All or nothing: a file with an error, or one that moves a listener, changes nothing.
void Service::reload() {
    if (config_.positions.empty()) {
        log_event(LogLevel::warning, "reload", {{"message", "started without a file: nothing to reload"}});
        return;
    }
    const LoadedConfig loaded = load_config(config_.file);
    for (const ConfigError& error : loaded.errors) {
        log_event(LogLevel::error, "reload", {{"message", to_string(error)}}, LogRate::many);
    }
    if (!loaded.ok()) return;
    const auto before = snapshots_.get();
    const BuiltSnapshot built = build_snapshot(loaded.config, before->key);
    if (!std::ranges::equal(before->local.listeners(), built.snapshot->local.listeners())) {
        log_event(LogLevel::error, "reload", {{"message", "listeners have changed: that needs a restart"}});
        return;
    }
    snapshots_.publish(built.snapshot);
    set_log_level(loaded.config.log.level);
    for (const std::string& remark : built.remarks)
        log_event(LogLevel::warning, "config", {{"message", remark}});
    for (const std::string& change : server_changes(before->servers, built.snapshot->servers)) {
        log_event(LogLevel::info, "reload", {{"change", change}}, LogRate::many);
    }
    log_event(LogLevel::info, "reloaded", {{"file", config_.file}});
}

void Service::end() {
    ending_ = true;
    for (const auto& worker : workers_) worker->stop();
    if (!admin_socket_.empty()) ::unlink(admin_socket_.c_str());
    context_.stop();
}

void Service::run() { context_.run(); }

int run_proxy(const RunCommand& command, std::ostream& err) {
    LoadedConfig loaded = command.servers.empty() ? load_config(command.file)
                                                  : config_from_flags(command.listen, command.servers);
    for (const ConfigError& error : loaded.errors) err << to_string(error) << '\n';
    for (const ConfigError& warning : loaded.warnings) err << "warning: " << to_string(warning) << '\n';
    if (!loaded.ok()) return 1;
    const ClusterSecret secret = load_cluster_secret(loaded.config.process, true);
    if (!secret.error.empty()) {
        err << secret.error << '\n';
        return 1;
    }
    start_log(loaded.config.log.format, loaded.config.log.level);
    if (!secret.persistent()) {
        log_event(LogLevel::warning, "key",
                  {{"message",
                    "no key file can be written: calls will not survive a restart; set process.key_file"}});
    }
    std::string error;
    {
        Service service{std::move(loaded.config), secret};
        error = service.start();
        if (error.empty()) service.run();
    }
    if (!error.empty()) log_event(LogLevel::error, "start", {{"message", error}});
    stop_log();
    return error.empty() ? 0 : 1;
}

}  // namespace sipsteer
