#include "proxy/service.hpp"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <csignal>

#include "proxy/admin_socket.hpp"
#include "proxy/config_schema.hpp"
#include "proxy/config_values.hpp"
#include "proxy/decision_log.hpp"
#include "proxy/http_server.hpp"
#include "proxy/log.hpp"
#include "proxy/run_events.hpp"
#include "proxy/stream_socket.hpp"
#include "proxy/tls_context.hpp"
#include "proxy/udp_socket.hpp"

namespace sipsteer {

Service::Service(std::unique_ptr<MainLoop> loop, Config config, const ClusterSecret& secret,
                 const HostAddresses& known, std::unique_ptr<TableFile> table_file)
    : config_(std::move(config)),
      cluster_(config_, ClusterKey::derive(secret.secret), known),
      table_file_(std::move(table_file)),
      own_memory_(table_file_ ? nullptr : std::make_unique<OwnTableMemory>(config_.calls.max)),
      tables_(config_.calls.max, own_memory_ ? own_memory_->memory() : table_file_->memory()),
      connections_(config_.limits.connections),
      loop_(std::move(loop)),
      cluster_api_(cluster_, tables_, [this] { return reload(); }),
      api_(cluster_.snapshots(), tables_, watched_, workers_, secret.persistent()),
      names_(
          context_, known, [this](const HostAddresses& addresses) { take_addresses(addresses); },
          [this](const HostName& name) { keep_targets(name); }),
      hops_(context_, tables_.hops,
            [this](std::uint64_t name) {
                for (const auto& worker : workers_) worker->take_name(name);
            }),
      statistics_(context_, cluster_.snapshots(), tables_, workers_),
      watch_api_(context_, cluster_.snapshots(), watched_),
      manager_(
          context_, [this] { return status_line(); }, [this] { return workers_go_on(); }) {
    api_.add_public_routes(router_);
    statistics_.add_routes(router_);
    watch_api_.add_public_routes(router_);
    admin_router_ = router_;
    api_.add_admin_routes(admin_router_);
    cluster_api_.add_admin_routes(admin_router_);
    watch_api_.add_admin_routes(admin_router_);
}

Service::~Service() {
    for (const auto& worker : workers_) worker->stop();  // until then they write into the tables
    if (table_file_) table_file_->close(BootTime::now());
}

std::string Service::start() {
    for (const std::string& remark : cluster_.remarks()) log_remark(remark);
    if (auto error = use_tls(config_); !error.empty()) return error;
    if (auto error = take_over_tables(); !error.empty()) return error;
    if (auto error = open_workers(); !error.empty()) return error;
    if (auto error = open_http(); !error.empty()) return error;
    if (auto error = open_admin(); !error.empty()) return error;
    wait_ending();
    wait_reload();
    look_each_second();
    names_.watch(server_names(config_));
    workers_.front()->on_health([this](const HealthReport& report) {
        boost::asio::post(context_, [this, report] { take_health(report); });
    });
    cluster_.on_publish([this] {
        workers_.front()->check_health_soon();
        keep_said();
    });
    for (const auto& worker : workers_) {
        worker->on_name([this](const NameQuestion& question) {
            boost::asio::post(context_, [this, question] {
                hops_.look_up(host_name(question, cluster_.snapshots().get()->local), question.name);
            });
        });
    }
    for (const auto& worker : workers_) worker->start(workers_);
    statistics_.start();
    for (const Listener& listener : cluster_.snapshots().get()->local.listeners()) {
        log_event(LogLevel::info, "listening",
                  {{"address", to_string(listener.bind)}, {"advertise", listener.sent_by}});
    }
    manager_.ready();
    return {};
}

/// New connections take it, the others go on with what they have.
std::string Service::use_tls(const Config& config) {
    try {
        connections_.use_tls(std::make_shared<const TlsContext>(config));
        return {};
    } catch (const std::exception& error) {
        return fmt::format("tls: {}", error.what());
    }
}

std::string Service::take_over_tables() {
    if (!table_file_) return {};
    if (auto error = table_file_->take_over(tables_); !error.empty()) return error;
    cluster_.restore(table_file_->said());
    keep_said();
    log_event(LogLevel::info, "table_file",
              {{"path", config_.process.table_file}, {"calls", std::to_string(tables_.calls.size())}});
    return {};
}

void Service::keep_said() {
    if (!table_file_ || table_file_->said() == cluster_.said() || table_file_->keep_said(cluster_.said()))
        return;
    log_event(LogLevel::error, "table_file",
              {{"message", "no room for the states of so many servers: these are lost with a restart"}});
}

std::string Service::open_workers() {
    const auto snapshot = cluster_.snapshots().get();
    const auto describe = [&snapshot](ListenerIndex index, const boost::system::error_code& error) {
        return fmt::format("cannot listen on {}: {}", to_string(snapshot->local[index].bind),
                           error.message());
    };
    for (ListenerIndex i = 0; i < snapshot->local.listeners().size(); ++i) {
        const Endpoint& bind = snapshot->local[i].bind;
        const auto error = is_stream(bind.transport) ? probe_stream(bind) : probe_udp(context_, bind);
        if (error) return describe(i, error);
    }
    for (std::uint32_t i = 0; i < config_.process.workers; ++i) {
        auto worker = std::make_unique<Worker>(cluster_.snapshots(), tables_, connections_, watched_,
                                               static_cast<std::uint8_t>(i));
        ListenerIndex failed = 0;
        if (const auto error = worker->open(config_.listen.dscp, failed)) return describe(failed, error);
        workers_.push_back(std::move(worker));
    }
    if (workers_.size() > 1 && !workers_.back()->spread(config_.process.workers)) {
        log_event(LogLevel::warning, "worker_spread",
                  {{"error", "refused by the kernel: the messages of one server stay with one worker"}});
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

void Service::wait_ending() {
    loop_->ending.async_wait([this](const boost::system::error_code& error, int signal) {
        if (error) return;
        log_ending(signal);
        manager_.stopping();
        if (signal == SIGTERM && draining_ == 0) return drain();
        end();
    });
}

void Service::wait_reload() {
    loop_->reload.async_wait([this](const boost::system::error_code& error, int) {
        if (error) return;
        static_cast<void>(reload());
        wait_reload();
    });
}

LiveCluster::Reload Service::reload() {
    manager_.reloading();
    LiveCluster::Reload result = read_again();
    manager_.ready();
    return result;
}

LiveCluster::Reload Service::read_again() {
    LiveCluster::Reload result = cluster_.reload(seconds_since_boot());
    for (const std::string& error : result.errors) {
        log_event(LogLevel::error, "reload", {{"message", error}}, LogRate::many);
    }
    if (!result.errors.empty()) return result;
    if (const auto error = use_tls(cluster_.config()); !error.empty())
        log_event(LogLevel::error, "reload", {{"message", error + "; the certificates before stay"}},
                  LogRate::many);
    set_log_level(cluster_.config().log.level);
    names_.watch(server_names(cluster_.config()));
    for (const std::string& warning : result.warnings) log_remark(warning);
    for (const std::string& remark : cluster_.remarks()) log_remark(remark);
    for (const std::string& change : result.changes) {
        log_event(LogLevel::info, "reload", {{"change", change}}, LogRate::many);
    }
    log_event(LogLevel::info, "reloaded", {{"file", cluster_.config().file}});
    return result;
}

void Service::take_addresses(const HostAddresses& addresses) {
    const std::vector<std::string> said = cluster_.remarks();
    const auto changes = cluster_.set_addresses(addresses, seconds_since_boot());
    for (const auto& [name, targets] : addresses) {
        std::string list;
        for (const Endpoint& endpoint : endpoints_of(targets))
            list += (list.empty() ? "" : ",") + to_string(endpoint);
        log_event(LogLevel::info, "resolved",
                  {{"name", name.host}, {"addresses", list.empty() ? "none" : list}}, LogRate::many);
    }
    for (const std::string& remark : cluster_.remarks()) {
        if (std::ranges::find(said, remark) == said.end()) log_remark(remark);
    }
    for (const std::string& change : changes)
        log_event(LogLevel::info, "servers", {{"change", change}}, LogRate::many);
}

/// Whom nobody takes calls from is a worse answer than one that may be old: health checks will tell.
void Service::keep_targets(const HostName& name) {
    log_event(LogLevel::warning, "resolved",
              {{"name", name.host}, {"message", "DNS has no target any more: the last ones stay"}},
              LogRate::many);
}

/// At the dispatcher.list, which other programs write, and at servers that leave.
void Service::look_each_second() {
    second_timer_.expires_after(std::chrono::seconds{1});
    second_timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        if (cluster_.list_changed()) static_cast<void>(reload());
        cluster_.forget_left(tables_.calls.counts(), seconds_since_boot());
        if (table_file_) table_file_->stamp(BootTime::now());
        look_each_second();
    });
}

std::string Service::status_line() const {
    const auto snapshot = cluster_.snapshots().get();
    std::size_t servers = 0;
    std::size_t up = 0;
    std::int64_t calls = 0;
    for (const MediaServer& server : snapshot->servers.configured()) {
        servers += server.placeable;
        up += server.is_known_up();
        calls += std::max<std::int64_t>(tables_.calls.counts().of(server.id), 0);
    }
    return fmt::format("{} of {} servers up, {} calls", up, servers, calls);
}

bool Service::workers_go_on() {
    if (not_round_yet_ != 0) return false;
    not_round_yet_ = workers_.size();
    for (const auto& worker : workers_) worker->come_round([this] { --not_round_yet_; });
    return true;
}

void Service::take_health(const HealthReport& report) {
    const auto before = cluster_.snapshots().get();
    if (!cluster_.set_health(report)) return;
    const auto index = before->servers.by_id(report.server);
    if (!index || before->servers[*index].up == report.up) return;  // it only takes a step of its way back
    const std::string& name = before->servers[*index].name;
    if (report.up) {
        log_event(LogLevel::warning, "server_up", {{"server", name}}, LogRate::many);
        return;
    }
    log_event(
        LogLevel::warning, "server_down",
        {{"server", name}, {"cause", to_string(report.cause)}, {"status", std::to_string(report.status)}},
        LogRate::many);
}

void Service::drain() {
    cluster_.set_ending();
    draining_ = workers_.size();
    for (const auto& worker : workers_) {
        worker->drain([this] {
            boost::asio::post(context_, [this] {
                if (--draining_ == 0) end();
            });
        });
    }
    wait_ending();  // a second one does not wait
    drain_timer_.expires_after(config_.process.drain);
    drain_timer_.async_wait([this](const boost::system::error_code& error) {
        if (!error) end();
    });
}

void Service::end() {
    for (const auto& worker : workers_) worker->stop();
    if (!admin_socket_.empty()) ::unlink(admin_socket_.c_str());
    context_.stop();
}

void Service::run() { context_.run(); }

}  // namespace sipsteer
