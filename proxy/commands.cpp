#include "proxy/commands.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <iostream>

#include "proxy/config_loader.hpp"
#include "proxy/config_reference.hpp"
#include "proxy/kamailio_import.hpp"

namespace sipsteer {

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
