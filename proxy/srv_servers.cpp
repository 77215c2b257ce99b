#include "proxy/srv_servers.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string_view>

#include "parser/chars.hpp"
#include "proxy/config_check.hpp"
#include "proxy/config_schema.hpp"

namespace sipsteer {
namespace {

std::string uri_of(const HostTarget& target, Transport transport) {
    std::string uri = fmt::format("sip:{}:{}", target.host, target.port);
    if (transport != Transport::udp) uri += fmt::format(";transport={}", to_string(transport));
    return uri;
}

std::string_view parent(std::string_view domain) {
    const std::size_t dot = domain.find('.');
    return dot == std::string_view::npos ? std::string_view{} : domain.substr(dot + 1);
}

/// `host` without the end that it shares with what was asked for: that name, or the domain it is in.
std::string_view own_part(std::string_view host, std::string_view asked) {
    while (asked.starts_with('_')) asked = parent(asked);  // service and transport
    for (const std::string_view end : {asked, parent(asked)}) {
        if (end.empty() || host.size() < end.size() + 2) continue;
        const std::size_t dot = host.size() - end.size() - 1;
        if (host[dot] == '.' && iequals(host.substr(dot + 1), end)) return host.substr(0, dot);
    }
    return host;
}

std::string name_of(const HostTarget& target, const Config::Server& entry, bool whole) {
    std::string name{whole ? std::string_view{target.host} : own_part(target.host, entry.host)};
    if (target.port != default_port(entry.transport)) name += fmt::format("-{}", target.port);
    return name.substr(0, kLongestServerName);
}

}  // namespace

HostName host_name(const Config::Server& server) {
    return {server.host, server.port, server.transport, server.expand == Config::Expand::srv};
}

std::vector<Config::Server> srv_servers(const Config::Server& entry, const std::vector<HostTarget>& targets) {
    std::vector<Config::Server> servers;
    std::uint16_t first = 0xffff;
    for (const HostTarget& target : targets) first = std::min(first, target.priority);
    for (const HostTarget& target : targets) {
        Config::Server server = entry;
        server.expand = Config::Expand::off;
        server.origin = ServerOrigin::dns;
        server.uri = uri_of(target, entry.transport);
        server.host = target.host;
        server.port = target.port;
        server.weight = std::max<std::uint32_t>(target.weight, 1);  // 0 is "hardly ever" (RFC 2782)
        server.backup = entry.backup || target.priority != first;
        const std::string name = name_of(target, entry, false);
        const bool alike = std::ranges::count_if(targets, [&](const HostTarget& other) {
                               return name_of(other, entry, false) == name;
                           }) > 1;
        server.name = alike ? name_of(target, entry, true) : name;
        if (std::ranges::find(servers, server.uri, &Config::Server::uri) == servers.end())
            servers.push_back(std::move(server));
    }
    std::ranges::sort(servers, {}, &Config::Server::name);
    return servers;
}

}  // namespace sipsteer
