#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "proxy/config_check.hpp"
#include "proxy/config_values.hpp"
#include "proxy/suggestion.hpp"

namespace sipsteer {
namespace {

void check_store(const Config& config, ConfigIssues& issues) {
    const std::string_view url = config.store.url;
    if (url.empty()) return;
    constexpr std::array<std::string_view, 4> kSchemes{"redis", "rediss", "redis+cluster", "redis+sentinel"};
    const auto colon = url.find("://");
    const auto scheme = url.substr(0, colon);
    if (colon == std::string_view::npos ||
        std::find(kSchemes.begin(), kSchemes.end(), scheme) == kSchemes.end()) {
        const auto hint = colon == std::string_view::npos ? std::string() : did_you_mean(scheme, kSchemes);
        return issues.error("store.url", fmt::format("{} does not start with one of {}://{}", in_quotes(url),
                                                     fmt::join(kSchemes, "://, "), hint));
    }
    const auto rest = url.substr(colon + 3);
    if (rest.substr(0, rest.find('/')).empty())
        issues.error("store.url", fmt::format("{}: the host is missing", in_quotes(url)));
}

void check_hep(const Config& config, ConfigIssues& issues) {
    if (config.hep.capture_address.empty()) return;
    const auto address = parse_host_port(config.hep.capture_address);
    if (!address) return issues.error("hep.capture_address", address.error());
    if (address->port == 0) {
        issues.error("hep.capture_address",
                     fmt::format("{}: the port is missing", in_quotes(config.hep.capture_address)));
    }
}

}  // namespace

void check_cluster(const Config& config, ConfigIssues& issues) {
    check_store(config, issues);
    check_hep(config, issues);
    const auto& cluster = config.cluster;
    std::set<std::string_view> names;
    for (std::size_t i = 0; i < cluster.peers.size(); ++i) {
        const auto path = fmt::format("cluster.peers[{}]", i);
        const std::string_view peer = cluster.peers[i];
        const auto equal = peer.find('=');
        if (equal == 0 || equal == std::string_view::npos) {
            issues.error(path, fmt::format("{} is not NAME=HOST:PORT", in_quotes(peer)));
            continue;
        }
        const auto address = parse_host_port(peer.substr(equal + 1));
        if (!address) {
            issues.error(path, address.error());
        } else if (address->port == 0) {
            issues.error(path, fmt::format("{}: the port is missing", in_quotes(peer)));
        }
        if (!names.insert(peer.substr(0, equal)).second) {
            issues.error(path, fmt::format("{} stands twice", in_quotes(peer.substr(0, equal))));
        }
    }
    const bool peers_bad = issues.has_error_in("cluster.peers");
    if (!cluster.peers.empty() && cluster.node.empty() && !issues.has_error_in("cluster.node")) {
        issues.error("cluster.node", "is required with peers");
    } else if (!cluster.node.empty() && !names.contains(cluster.node) && !peers_bad) {
        const std::vector<std::string_view> known(names.begin(), names.end());
        issues.error("cluster.node", fmt::format("{} is not among peers{}", in_quotes(cluster.node),
                                                 did_you_mean(cluster.node, known)));
    }
}

void check_config(Config& config, ConfigIssues& issues) {
    check_listeners(config, issues);
    check_servers(config, issues);
    check_routing(config, issues);
    check_transfer(config, issues);
    check_files(config, issues);
    check_cluster(config, issues);
}

}  // namespace sipsteer
