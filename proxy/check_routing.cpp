#include <fmt/format.h>

#include <algorithm>

#include "parser/chars.hpp"
#include "parser/header_id.hpp"
#include "proxy/config_check.hpp"
#include "proxy/config_values.hpp"
#include "proxy/suggestion.hpp"

namespace sipsteer {
namespace {

bool is_header_name(std::string_view name) { return name.size() >= 2 && all_of(name, kToken); }

/// A header that the proxy reads, or one with a compact form as well: under that name it would pass from
/// outside (RFC 3261 §7.3.3, and the IANA registry of header fields).
bool is_header_of_sip(std::string_view name) {
    constexpr std::string_view kCompactToo[] = {
        "Accept-Contact", "Allow-Events", "Content-Encoding", "Content-Type",        "Event",
        "Identity",       "Referred-By",  "Reject-Contact",   "Request-Disposition", "Subject"};
    return header_id(name) != HeaderId::other ||
           std::ranges::any_of(kCompactToo, [name](std::string_view known) { return iequals(name, known); });
}

void check_affinity(Config& config, ConfigIssues& issues) {
    auto& routing = config.routing;
    constexpr std::string_view kHeader = "header:";
    if (routing.affinity == "call-id") {
        routing.affinity_kind = Config::Affinity::call_id;
    } else if (routing.affinity == "user") {
        routing.affinity_kind = Config::Affinity::user;
    } else if (routing.affinity.starts_with(kHeader)) {
        routing.affinity_kind = Config::Affinity::header;
        routing.affinity_header = routing.affinity.substr(kHeader.size());
        if (!is_header_name(routing.affinity_header)) {
            issues.error("routing.affinity",
                         fmt::format("{} is no header name", in_quotes(routing.affinity_header)));
        }
    } else {
        constexpr std::string_view kWords[] = {"call-id", "user", "header:NAME"};
        issues.error("routing.affinity",
                     fmt::format("{} is none of {}{}", in_quotes(routing.affinity), fmt::join(kWords, ", "),
                                 did_you_mean(routing.affinity, kWords)));
    }
}

void check_record_route(const Config& config, ConfigIssues& issues) {
    if (config.routing.record_route) return;
    constexpr std::string_view kPath = "routing.record_route";
    // As written: a stream listener that is refused for another reason counts as well.
    const auto& listen = config.listen;
    const bool listed =
        !listen.tcp.empty() || !listen.tls.empty() || !listen.ws.empty() || !listen.wss.empty();
    const auto& entries = config.listener_entries;
    const bool streams = std::any_of(entries.begin(), entries.end(), [](const Config::ListenerEntry& entry) {
        const auto bind = parse_bind_address(entry.bind);
        return bind && bind->transport != Config::Transport::udp;
    });
    if (listed || streams) {
        issues.error(
            kPath, "false does not go with stream listeners: in-dialog requests must come back to the flow");
    }
    if (config.routing.placement == Config::Placement::least_calls) {
        issues.error(
            kPath, "false does not go with placement = \"least-calls\": the end of calls would not be seen");
    }
    if (config.nat.path == Config::NatPath::always) {
        issues.error(kPath, "false does not go with nat.path = \"always\"");
    }
}

std::string group_hint(const Config& config, std::string_view name) {
    std::vector<std::string_view> groups;
    for (const auto& server : config.servers) groups.push_back(server.group);
    return did_you_mean(name, groups);
}

void check_route_listener(const Config& config, Config::Route& route, const std::string& path,
                          ConfigIssues& issues) {
    if (route.listener.empty()) return;
    const auto bind = parse_bind_address(route.listener);
    if (!bind) return issues.error(path, bind.error());
    const auto text = to_string(*bind);
    std::vector<std::string_view> texts;
    for (std::size_t i = 0; i < config.listeners.size(); ++i) {
        if (config.listeners[i].text == text) route.listener_index = i;
        texts.push_back(config.listeners[i].text);
    }
    if (!route.listener_index) {
        issues.error(
            path, fmt::format("{} is no listener{}", in_quotes(route.listener), did_you_mean(text, texts)));
    }
}

void check_route(Config& config, std::size_t index, ConfigIssues& issues) {
    auto& route = config.routes[index];
    const auto path = fmt::format("route[{}]", index);
    if (!config.is_written(path + ".group")) {
        issues.error(path + ".group", "is required");
    } else if (!has_group(config, route.group) && !config.servers.empty()) {
        issues.error(path + ".group", fmt::format("no server is in group {}{}", in_quotes(route.group),
                                                  group_hint(config, route.group)));
    }
    check_route_listener(config, route, path + ".listener", issues);
    if (!route.domain.empty()) {
        const auto host = parse_host_port(route.domain);
        if (!host) {
            issues.error(path + ".domain", host.error());
        } else if (host->port != 0) {
            issues.error(path + ".domain", fmt::format("{}: a domain has no port", in_quotes(route.domain)));
        }
    }
    if (!route.source.empty()) {
        const auto network = parse_network(route.source);
        if (network) {
            route.source_network = *network;
        } else {
            issues.error(path + ".source", network.error());
        }
    }
}

bool takes_all(const Config::Route& route) {
    return route.listener.empty() && route.domain.empty() && route.source.empty() &&
           route.user_prefix.empty();
}

}  // namespace

void check_routing(Config& config, ConfigIssues& issues) {
    check_affinity(config, issues);
    check_record_route(config, issues);
    for (std::size_t i = 0; i < config.routing.domains.size(); ++i) {
        const auto host = parse_host_port(config.routing.domains[i]);
        const auto path = fmt::format("routing.domains[{}]", i);
        if (!host) {
            issues.error(path, host.error());
        } else if (host->port != 0) {
            issues.error(path, fmt::format("{}: a domain has no port", in_quotes(config.routing.domains[i])));
        }
    }
    const auto& header = config.routing.source_header;
    if (!header.empty() && !is_header_name(header)) {
        issues.error("routing.source_header", fmt::format("{} is no header name", in_quotes(header)));
    } else if (!header.empty() && is_header_of_sip(header)) {
        issues.error("routing.source_header", fmt::format("{} is a header of SIP itself", in_quotes(header)));
    }
    bool all_taken = false;
    for (std::size_t i = 0; i < config.routes.size(); ++i) {
        check_route(config, i, issues);
        if (all_taken)
            issues.warning(fmt::format("route[{}]", i),
                           "is never reached: a route before it takes every call");
        all_taken = all_taken || takes_all(config.routes[i]);
    }
    if (!all_taken && !config.servers.empty() && !has_group(config, "default")) {
        issues.warning("server[0].group",
                       "no server is in group \"default\", which takes calls that no [[route]] takes");
    }
}

}  // namespace sipsteer
