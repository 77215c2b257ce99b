#include <fmt/format.h>

#include <algorithm>

#include "parser/chars.hpp"
#include "proxy/config_check.hpp"
#include "proxy/config_values.hpp"

namespace sipsteer {
namespace {

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= kLongestServerName && all_of(text, kHost);
}

std::uint16_t effective_port(const Config::Server& server) {
    return server.port != 0 ? server.port : default_port(server.transport);
}

bool same_host(std::string_view a, std::string_view b) {
    const auto ip_a = parse_ip(a);
    const auto ip_b = parse_ip(b);
    if (ip_a && ip_b) return *ip_a == *ip_b;
    return iequals(a, b);
}

bool same_address(const Config::Server& a, const Config::Server& b) {
    return a.transport == b.transport && same_host(a.host, b.host) && effective_port(a) == effective_port(b);
}

void check_name(const Config& config, std::size_t index, const std::string& path, ConfigIssues& issues) {
    const auto& name = config.servers[index].name;
    if (!config.is_written(path + ".name")) {
        issues.error(path + ".name", "is required");
    } else if (!is_name(name)) {
        // An empty one that was written with a wrong type has been noted already.
        if (!name.empty() || !issues.has_error_in("server.name")) {
            issues.error(path + ".name", fmt::format("{}: a name has 1 to 64 letters, digits, - _ and dots",
                                                     in_quotes(name)));
        }
    } else if (const auto first = find_server(config, name); first != index) {
        issues.error(path + ".name",
                     fmt::format("{} is the name of server {} already", in_quotes(name), first + 1));
    }
}

void check_uri(Config& config, std::size_t index, const std::string& path, ConfigIssues& issues) {
    auto& server = config.servers[index];
    const auto uri_path = path + ".uri";
    if (!config.is_written(uri_path)) return issues.error(uri_path, "is required");
    if (server.uri.empty() && issues.has_error_in("server.uri")) return;
    const auto target = parse_sip_target(server.uri);
    if (!target) return issues.error(uri_path, target.error());
    if (target->has_user)
        return issues.error(uri_path, fmt::format("{}: a server has no user part", in_quotes(server.uri)));
    server.transport = target->transport;
    server.host = target->host.host;
    server.port = target->host.port;
    if (const auto why_not = cannot_reach(config, server.transport);
        !why_not.empty() && server.transport != Config::Transport::udp) {
        return issues.error(uri_path, fmt::format("{}: {}", in_quotes(server.uri), why_not));
    }
    const auto ip = parse_ip(server.host);
    if (ip && ip->is_unspecified()) {
        return issues.error(uri_path,
                            fmt::format("{}: not an address that can be sent to", in_quotes(server.uri)));
    }
    for (std::size_t other = 0; other < index; ++other) {
        if (!config.servers[other].host.empty() && same_address(config.servers[other], server)) {
            return issues.error(uri_path,
                                fmt::format("{} is the address of {} already", in_quotes(server.uri),
                                            in_quotes(config.servers[other].name)));
        }
    }
    for (const auto& listener : config.listeners) {
        const bool ours = ip && listener.address == *ip && listener.transport == server.transport &&
                          listener.port == effective_port(server);
        if (ours)
            issues.error(uri_path,
                         fmt::format("{} is our own listener {}", in_quotes(server.uri), listener.text));
    }
}

void check_expand(const Config& config, std::size_t index, const std::string& path, ConfigIssues& issues) {
    const auto& server = config.servers[index];
    if (server.expand == Config::Expand::off || server.host.empty()) return;
    const auto expand_path = path + ".expand";
    if (parse_ip(server.host) || server.port != 0) {
        issues.error(expand_path, fmt::format("{}: only a name without a port has SRV records (RFC 3263)",
                                              in_quotes(server.uri)));
    }
    if (!server.sources.empty())
        issues.error(path + ".sources", "would be those of every target: nobody could tell them apart");
    if (config.is_written(path + ".weight"))
        issues.warning(path + ".weight", "has no effect: the SRV records have the weights");
}

void check_sources(Config::Server& server, const std::string& path, ConfigIssues& issues) {
    for (std::size_t i = 0; i < server.sources.size(); ++i) {
        const auto network = parse_network(server.sources[i]);
        if (network) {
            server.source_networks.push_back(*network);
        } else {
            issues.error(fmt::format("{}.sources[{}]", path, i), network.error());
        }
    }
}

void check_weights(const Config& config, ConfigIssues& issues) {
    for (std::size_t i = 0; i < config.servers.size(); ++i) {
        const auto& group = config.servers[i].group;
        bool first = true;
        bool all_zero = true;
        for (std::size_t j = 0; j < config.servers.size(); ++j) {
            if (config.servers[j].group != group) continue;
            first = first && j >= i;
            const bool of_srv = config.servers[j].expand == Config::Expand::srv;
            all_zero = all_zero && config.servers[j].weight == 0 && !of_srv;
        }
        const Config::Server& server = config.servers[i];
        if (!all_zero && server.weight == 0 && server.expand == Config::Expand::off) {
            issues.warning(fmt::format("server[{}].weight", i),
                           fmt::format("0: {} takes no new calls", in_quotes(server.name)));
        }
        if (first && all_zero) {
            issues.warning(
                fmt::format("server[{}].weight", i),
                fmt::format("every server of group {} has weight 0: none takes new calls", in_quotes(group)));
        }
    }
}

}  // namespace

std::size_t find_server(const Config& config, std::string_view name) {
    const auto found = std::find_if(config.servers.begin(), config.servers.end(),
                                    [name](const Config::Server& server) { return server.name == name; });
    return found == config.servers.end() ? std::string::npos
                                         : static_cast<std::size_t>(found - config.servers.begin());
}

bool has_group(const Config& config, std::string_view group) {
    return std::any_of(config.servers.begin(), config.servers.end(),
                       [group](const Config::Server& server) { return server.group == group; });
}

void check_servers(Config& config, ConfigIssues& issues) {
    if (config.servers.empty()) {
        if (!issues.has_error_in("server") && !issues.has_error_in("dispatcher"))
            issues.error("server", "no server: write [[server]] with name and uri");
        return;
    }
    for (std::size_t i = 0; i < config.servers.size(); ++i) {
        const auto path = fmt::format("server[{}]", i);
        check_name(config, i, path, issues);
        check_uri(config, i, path, issues);
        check_expand(config, i, path, issues);
        check_sources(config.servers[i], path, issues);
        if (!is_name(config.servers[i].group)) {
            issues.error(path + ".group", fmt::format("{}: a name has 1 to 64 letters, digits, - _ and dots",
                                                      in_quotes(config.servers[i].group)));
        }
    }
    check_weights(config, issues);
}

}  // namespace sipsteer
