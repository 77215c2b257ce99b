#include "proxy/commands.hpp"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "proxy/config_loader.hpp"
#include "proxy/config_reference.hpp"
#include "proxy/kamailio_import.hpp"

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

}  // namespace

int run_check(const CheckCommand& command, std::ostream& out) {
    const auto loaded = load_config(command.file);
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

int run_config(const ConfigCommand& command, std::ostream& out) {
    out << (command.schema ? config_json_schema() : config_default_toml());
    return 0;
}

int run_import_kamailio(const ImportKamailioCommand& command, std::ostream& out, std::ostream& err) {
    std::ifstream file;
    if (command.file != "-") {
        file.open(command.file);
        if (!file) {
            err << command.file << ": cannot be read: " << std::strerror(errno) << '\n';
            return 1;
        }
    }
    const auto imported =
        import_dispatcher_list(command.file == "-" ? std::cin : file, command.file, command.set);
    for (const auto& remark : imported.remarks) {
        err << fmt::format("{}:{}: {}{}{}\n", command.file, remark.line, remark.what,
                           remark.instead.empty() ? "" : ", ", remark.instead);
    }
    if (imported.servers == 0) {
        err << command.file << ": no destination that can be used\n";
        return 1;
    }
    // What it prints must load: e.g. a socket may be the address of a destination.
    const auto loaded = load_config_text(imported.toml, "imported");
    for (const auto& error : loaded.errors) err << to_string(error) << '\n';
    out << imported.toml;
    return loaded.ok() ? 0 : 1;
}

int run_version(std::ostream& out) {
    out << "sipsteer " SIPSTEER_VERSION "\n";
    return 0;
}

}  // namespace sipsteer
