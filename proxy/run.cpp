#include "proxy/run.hpp"

#include <csignal>
#include <cstdlib>
#include <memory>
#include <optional>
#include <ostream>
#include <string>

#include "proxy/config_loader.hpp"
#include "proxy/key_file.hpp"
#include "proxy/log.hpp"
#include "proxy/main_loop.hpp"
#include "proxy/run_events.hpp"
#include "proxy/server_names.hpp"
#include "proxy/service.hpp"
#include "proxy/stream_socket.hpp"
#include "proxy/table_file.hpp"

namespace sipsteer {
namespace {

/// Nothing when a signal to end came before DNS was done.
std::optional<HostAddresses> resolve_at_start(MainLoop& loop, const Config& config) {
    bool ended = false;
    loop.ending.async_wait([&](const boost::system::error_code& error, int signal) {
        if (error) return;
        log_ending(signal);
        ended = true;
        loop.context.stop();
    });
    HostAddresses known = resolve_now(loop.context, server_names(config), kResolveAtStart);
    loop.ending.cancel();
    loop.context.poll();  // what waited above must not outlive this call
    loop.context.restart();
    return ended ? std::nullopt : std::optional{std::move(known)};
}

/// Runs until a signal ends it. Returns what kept it from that, empty when nothing did.
std::string serve(std::unique_ptr<MainLoop> loop, Config config) {
    const ClusterSecret secret = load_cluster_secret(config.process, true);
    if (!secret.error.empty()) return secret.error;
    if (!secret.persistent()) {
        log_event(LogLevel::warning, "key",
                  {{"message",
                    "no key file can be written: calls will not survive a restart; set process.key_file"}});
    }
    raise_descriptor_limit();
    std::signal(SIGPIPE, SIG_IGN);  // OpenSSL writes to sockets whose peer has gone
    const auto known = resolve_at_start(*loop, config);
    if (!known) return {};
    TableFile::Opened table_file;
    if (const std::string& path = config.process.table_file; !path.empty()) {
        table_file =
            TableFile::open(path, config.calls.max, ClusterKey::derive(secret.secret), BootTime::now());
        if (!table_file.warning.empty())
            log_event(LogLevel::warning, "table_file", {{"message", table_file.warning}});
        if (!table_file.error.empty()) return table_file.error;
    }
    Service service{std::move(loop), std::move(config), secret, *known, std::move(table_file.file)};
    std::string error = service.start();
    if (error.empty()) service.run();
    return error;
}

}  // namespace

int run_proxy(const RunCommand& command, std::ostream& err) {
    auto loop = std::make_unique<MainLoop>();  // before all that takes time
    LoadedConfig loaded = command.servers.empty() ? load_config(command.file)
                                                  : config_from_flags(command.listen, command.servers);
    if (!loaded.ok()) {
        for (const ConfigError& error : loaded.errors) err << to_string(error) << '\n';
        for (const ConfigError& warning : loaded.warnings) err << "warning: " << to_string(warning) << '\n';
        return 1;
    }
    start_log(loaded.config.log.format, loaded.config.log.level);
    for (const ConfigError& warning : loaded.warnings) log_remark(to_string(warning));
    const std::string error = serve(std::move(loop), std::move(loaded.config));
    if (!error.empty()) log_event(LogLevel::error, "start", {{"message", error}});
    const int status = error.empty() ? 0 : 1;
    if (!stop_log()) std::_Exit(status);
    return status;
}

}  // namespace sipsteer
