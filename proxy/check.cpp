#include "proxy/check.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/io_context.hpp>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <ostream>

#include "proxy/config_loader.hpp"
#include "proxy/key_file.hpp"
#include "proxy/server_names.hpp"
#include "proxy/srv_servers.hpp"
#include "proxy/table_file.hpp"

namespace sipsteer {
namespace {

namespace json = boost::json;

std::string count(std::size_t number, std::string_view what) {
    return fmt::format("{} {}{}", number, what, number == 1 ? "" : "s");
}

json::array to_json(const std::vector<ConfigError>& list) {
    json::array result;
    for (const auto& item : list) {
        result.push_back(json::object{{"file", item.file},
                                      {"line", item.position.line},
                                      {"column", item.position.column},
                                      {"key", item.key},
                                      {"message", item.message}});
    }
    return result;
}

/// What a start would refuse in files that hold the proxy's own state.
void look_at_files(const Config::Process& process, ConfigIssues& issues) {
    const auto note = [&issues](std::string_view key, std::string error) {
        if (!error.empty()) issues.error(key, std::move(error));
    };
    if (!issues.has_error_in("process.key_file")) note("process.key_file", key_file_error(process));
    if (!process.table_file.empty() && !issues.has_error_in("process.table_file"))
        note("process.table_file", TableFile::refusal(process.table_file));
}

/// DNS may be down for a moment, and a start goes on without it: no error.
void look_names_up(const Config& config, ConfigIssues& issues) {
    const std::vector<HostName> names = server_names(config);
    boost::asio::io_context context{1};
    const HostAddresses known = resolve_now(context, names, kResolveAtStart);
    const auto unknown = [&](const HostName& name) {
        return std::ranges::find(names, name) != names.end() && !known.contains(name);
    };
    for (std::size_t i = 0; i < config.servers.size(); ++i) {
        const Config::Server& server = config.servers[i];
        if (!unknown(host_name(server))) continue;
        issues.warning(fmt::format("server[{}].uri", i),
                       fmt::format("{} does not resolve now: {} takes no calls until it does",
                                   in_quotes(server.host), in_quotes(server.name)));
    }
    if (const auto fallback = fallback_name(config); fallback && unknown(*fallback)) {
        issues.warning("transfer.fallback",
                       fmt::format("{} does not resolve now: no transfer goes there until it does",
                                   in_quotes(fallback->host)));
    }
}

/// What a start would meet outside the configuration.
void look_outside(LoadedConfig& loaded) {
    const bool ok = loaded.ok();
    ConfigIssues issues{loaded.config, std::move(loaded.errors), std::move(loaded.warnings)};
    look_at_files(loaded.config.process, issues);
    if (ok) look_names_up(loaded.config, issues);
    loaded.errors = issues.take_errors();
    loaded.warnings = issues.take_warnings();
}

}  // namespace

int run_check(const CheckCommand& command, std::ostream& out) {
    LoadedConfig loaded = load_config(command.file);
    look_outside(loaded);
    const int status = loaded.ok() ? 0 : 1;
    if (command.json) {
        const json::object report{{"ok", loaded.ok()},
                                  {"file", command.file},
                                  {"listeners", loaded.config.listeners.size()},
                                  {"servers", loaded.config.servers.size()},
                                  {"errors", to_json(loaded.errors)},
                                  {"warnings", to_json(loaded.warnings)}};
        out << json::serialize(report) << '\n';
        return status;
    }
    for (const auto& error : loaded.errors) out << to_string(error) << '\n';
    for (const auto& warning : loaded.warnings) out << "warning: " << to_string(warning) << '\n';
    if (loaded.ok()) {
        out << "config ok: " << count(loaded.config.listeners.size(), "listener") << ", "
            << count(loaded.config.servers.size(), "server");
    } else {
        out << "config bad: " << count(loaded.errors.size(), "error");
    }
    if (!loaded.warnings.empty()) out << ", " << count(loaded.warnings.size(), "warning");
    out << '\n';
    return status;
}

}  // namespace sipsteer
