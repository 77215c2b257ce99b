#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "proxy/config_check.hpp"
#include "proxy/config_schema.hpp"
#include "proxy/config_values.hpp"

namespace sipsteer {
namespace {

bool same_socket(const Config::Listener& a, const Config::Listener& b) {
    const bool both_udp = a.transport == Config::Transport::udp && b.transport == Config::Transport::udp;
    const bool both_tcp = a.transport != Config::Transport::udp && b.transport != Config::Transport::udp;
    return (both_udp || both_tcp) && a.address == b.address && a.port == b.port;
}

std::optional<Config::HostPort> check_advertise(const std::string& text, const std::string& path,
                                                ConfigIssues& issues) {
    if (text.empty()) return Config::HostPort{};
    const auto host = parse_host_port(text);
    if (!host) {
        issues.error(path, host.error());
        return std::nullopt;
    }
    const auto ip = parse_ip(host->host);
    if (ip && ip->is_unspecified()) {
        issues.error(path, fmt::format("nobody can answer to {}", in_quotes(text)));
        return std::nullopt;
    }
    return *host;
}

void add_listener(Config& config, ConfigIssues& issues, const std::string& path, const std::string& text,
                  std::optional<Config::Transport> expected, const Config::HostPort& advertise,
                  Config::Side side) {
    const auto bind = parse_bind_address(text, expected);
    if (!bind) {
        issues.error(path, bind.error());
        return;
    }
    Config::Listener listener{to_string(*bind), bind->transport, bind->address, bind->port, advertise, side};
    for (const auto& other : config.listeners) {
        if (same_socket(listener, other)) {
            issues.error(path, fmt::format("{} is a listener already", other.text));
            return;
        }
    }
    if (listener.address.is_unspecified() && listener.advertise.host.empty()) {
        issues.warning(path,
                       fmt::format("{} is every address of this host: set advertise to the one that phones "
                                   "and servers reach",
                                   listener.text));
    }
    config.listeners.push_back(std::move(listener));
}

void check_http(Config& config, ConfigIssues& issues) {
    if (config.listen.http.empty()) return;
    const auto bind = parse_bind_address(config.listen.http, Config::Transport::tcp);
    if (!bind) {
        issues.error("listen.http", bind.error());
        return;
    }
    config.listen.http_address = bind->address;
    config.listen.http_port = bind->port;
}

}  // namespace

std::string cannot_reach(const Config& config, Config::Transport transport) {
    const bool listens = std::ranges::any_of(
        config.listeners, [transport](const Config::Listener& one) { return one.transport == transport; });
    return listens ? std::string{}
                   : fmt::format(
                         "there is no {0} listener for what comes back: write [listen] {0} = [\"IP:PORT\"]",
                         to_string(transport));
}

void check_listeners(Config& config, ConfigIssues& issues) {
    const auto shared = check_advertise(config.listen.advertise, "listen.advertise", issues);
    const std::vector<std::string>* const lists[] = {
        &config.listen.udp, &config.listen.tcp, &config.listen.tls, &config.listen.ws, &config.listen.wss};
    bool any = false;
    for (std::size_t t = 0; t < std::size(lists); ++t) {
        const auto transport = static_cast<Config::Transport>(t);
        for (std::size_t i = 0; i < lists[t]->size(); ++i) {
            const auto path = fmt::format("listen.{}[{}]", to_string(transport), i);
            add_listener(config, issues, path, (*lists[t])[i], transport, shared.value_or(Config::HostPort{}),
                         Config::Side::both);
            any = true;
        }
    }
    for (std::size_t i = 0; i < config.listener_entries.size(); ++i) {
        const auto& entry = config.listener_entries[i];
        const auto path = fmt::format("listener[{}]", i);
        any = true;
        if (entry.bind.empty()) {
            if (!issues.has_error_in("listener.bind")) issues.error(path + ".bind", "is required");
            continue;
        }
        const auto advertise = check_advertise(entry.advertise, path + ".advertise", issues);
        add_listener(config, issues, path + ".bind", entry.bind, std::nullopt,
                     advertise.value_or(Config::HostPort{}), entry.side);
    }
    if (!any && !issues.has_error_in("listen") && !issues.has_error_in("listener")) {
        issues.error("listen", "no listener: write [listen] udp = [\"IP:PORT\"]");
    }
    for (std::size_t i = 0; i < config.listen.aliases.size(); ++i) {
        const auto alias = parse_host_port(config.listen.aliases[i]);
        if (alias) {
            config.listen.alias_hosts.push_back(*alias);
        } else {
            issues.error(fmt::format("listen.aliases[{}]", i), alias.error());
        }
    }
    check_http(config, issues);
}

}  // namespace sipsteer
