#include "proxy/service.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <ostream>

#include "proxy/admin_socket.hpp"
#include "proxy/config_schema.hpp"
#include "proxy/config_values.hpp"
#include "proxy/decision_log.hpp"
#include "proxy/http_server.hpp"
#include "proxy/log.hpp"
#include "proxy/server_changes.hpp"
#include "proxy/udp_socket.hpp"

namespace sipsteer {

Service::Service(Config config, const ClusterSecret& secret)
    : config_(std::move(config)),
      built_(build_snapshot(config_, ClusterKey::derive(secret.secret))),
      snapshots_(built_.snapshot),
      tables_(config_.calls.max),
      api_(snapshots_, tables_, workers_, secret.persistent()),
      statistics_(context_, snapshots_, tables_, workers_) {
    api_.add_public_routes(router_);
    statistics_.add_routes(router_);
    admin_router_ = router_;
    api_.add_admin_routes(admin_router_);
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
    statistics_.start();
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
        if (const auto error = worker->open(config_.listen.dscp, failed)) return describe(failed, error);
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
    api_.set_ending();
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
