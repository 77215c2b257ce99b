#include <fmt/format.h>

#include "parser/chars.hpp"
#include "parser/sip_uri.hpp"
#include "proxy/config_check.hpp"
#include "proxy/config_schema.hpp"
#include "proxy/config_values.hpp"
#include "proxy/suggestion.hpp"

namespace sipsteer {
namespace {

/// user of RFC 3261 §25.1, not empty.
bool is_uri_user(std::string_view text) {
    constexpr std::string_view kMarks = "-_.!~*'()&=+$,;?/";
    for (std::size_t i = 0; i < text.size(); ++i) {
        const char c = text[i];
        if (c == '%') {
            if (i + 2 >= text.size() || !is(text[i + 1], kHexDigit) || !is(text[i + 2], kHexDigit))
                return false;
            i += 2;
        } else if (!is(c, kHost) && kMarks.find(c) == std::string_view::npos) {
            return false;
        }
    }
    return !text.empty();
}

void check_user(const std::string& user, std::string_view path, ConfigIssues& issues) {
    if (!user.empty() && !is_uri_user(user))
        issues.error(path, fmt::format("{} is no user part of a URI", in_quotes(user)));
}

/// Whoever changes the servers to TCP easily forgets this one.
void warn_of_other_transport(const Config& config, const SipTarget& target, ConfigIssues& issues) {
    const Config::Server* there = nullptr;
    for (const Config::Server& server : config.servers) {
        if (server.host != target.host.host) continue;
        if (server.transport == target.transport) return;
        there = &server;
    }
    if (there == nullptr) return;
    issues.warning("transfer.fallback",
                   fmt::format("by {}, but {} at that host is reached by {}: is a ;transport= missing?",
                               to_string(target.transport), there->name, to_string(there->transport)));
}

void check_fallback_uri(Config& config, ConfigIssues& issues) {
    auto& transfer = config.transfer;
    const auto target = parse_sip_target(transfer.fallback);
    if (!target) return issues.error("transfer.fallback", target.error());
    if (const auto why_not = cannot_reach(config, target->transport);
        !why_not.empty() && target->transport != Config::Transport::udp) {
        return issues.error("transfer.fallback",
                            fmt::format("{}: {}", in_quotes(transfer.fallback), why_not));
    }
    warn_of_other_transport(config, *target, issues);
    transfer.fallback_kind = Config::FallbackKind::uri;
    transfer.fallback_transport = target->transport;
    transfer.fallback_host = target->host;
}

void check_fallback(Config& config, ConfigIssues& issues) {
    auto& transfer = config.transfer;
    const auto& name = transfer.fallback;
    if (name.empty()) {
        if (issues.has_error_in("transfer.fallback")) return;
        if (transfer.unmatched == Config::Unmatched::fallback) {
            issues.warning(
                "transfer.unmatched",
                "\"fallback\" without transfer.fallback: a transfer that matches no call is answered 481");
        }
        if (transfer.owner_down == Config::OwnerDown::fallback) {
            issues.warning(
                "transfer.owner_down",
                "\"fallback\" without transfer.fallback: a transfer whose owner is down is answered 481");
        }
        return;
    }
    const bool server = find_server(config, name) != std::string::npos;
    const bool group = has_group(config, name);
    if (server && config.servers[find_server(config, name)].expand == Config::Expand::srv && !group) {
        issues.error("transfer.fallback",
                     fmt::format("{} stands for several servers: name its group", in_quotes(name)));
    } else if (server && group) {
        issues.error("transfer.fallback", fmt::format("{} is a server and a group", in_quotes(name)));
    } else if (server || group) {
        transfer.fallback_kind = server ? Config::FallbackKind::server : Config::FallbackKind::group;
    } else if (name.find(':') != std::string::npos) {
        check_fallback_uri(config, issues);
    } else {
        std::vector<std::string_view> names;
        for (const auto& known : config.servers) {
            names.push_back(known.name);
            names.push_back(known.group);
        }
        issues.error("transfer.fallback",
                     fmt::format("{} is neither a SIP URI nor a server's or group's name{}", in_quotes(name),
                                 did_you_mean(name, names)));
    }
}

}  // namespace

void check_transfer(Config& config, ConfigIssues& issues) {
    auto& transfer = config.transfer;
    check_fallback(config, issues);
    check_user(transfer.rewrite_user, "transfer.rewrite_user", issues);
    check_user(transfer.rewrite_user_if_empty, "transfer.rewrite_user_if_empty", issues);
    for (std::size_t i = 0; i < transfer.allow_from.size(); ++i) {
        const auto& text = transfer.allow_from[i];
        if (text == "servers") {
            transfer.allow_servers = true;
            continue;
        }
        const auto network = parse_network(text);
        if (network) {
            transfer.allow_networks.push_back(*network);
            continue;
        }
        constexpr std::string_view kWord[] = {"servers"};
        issues.error(fmt::format("transfer.allow_from[{}]", i), network.error() + did_you_mean(text, kWord));
    }
}

}  // namespace sipsteer
