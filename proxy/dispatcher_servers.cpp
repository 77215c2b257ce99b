#include "proxy/dispatcher_servers.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <optional>

#include "proxy/config_loader.hpp"
#include "proxy/kamailio_import.hpp"

namespace sipsteer {
namespace {

constexpr const char* kKey = "dispatcher.list";

}  // namespace

void add_dispatcher_servers(Config& config, ConfigIssues& issues) {
    std::string& path = config.dispatcher.list;
    if (path.empty()) return;
    if (std::filesystem::path(path).is_relative())
        path = (std::filesystem::path(config.file).parent_path() / path).string();
    std::ifstream list(path);
    if (!list) return issues.error(kKey, fmt::format("{} cannot be read: {}", path, std::strerror(errno)));
    const std::uint32_t set = config.dispatcher.set;
    const KamailioImport imported =
        import_dispatcher_list(list, path, set == 0 ? std::nullopt : std::optional{set});
    for (const KamailioImport::Remark& remark : imported.remarks) {
        const std::string text = fmt::format("{}:{}: {}", path, remark.line, remark.what);
        if (remark.mistake) {
            issues.error(kKey, text);
        } else {
            issues.warning(kKey, text);
        }
    }
    if (imported.servers == 0) {
        if (!issues.has_error_in(kKey)) issues.error(kKey, path + ": no destination that can be used");
        return;
    }
    // What the importer prints is read as any configuration; only its servers are taken.
    const LoadedConfig listed = load_config_text(imported.toml, path);
    for (const ConfigError& error : listed.errors) issues.error(kKey, error.key + ": " + error.message);
    const auto place = config.positions.find(kKey);
    for (const Config::Server& server : listed.config.servers) {
        for (const char* key : {"", ".name", ".uri"}) {
            config.positions[fmt::format("server[{}]{}", config.servers.size(), key)] =
                place == config.positions.end() ? Config::Position{} : place->second;
        }
        config.servers.push_back(server);
        config.servers.back().origin = ServerOrigin::dispatcher;
    }
}

}  // namespace sipsteer
