#include "routing/placement.hpp"

#include <array>
#include <limits>

#include "parser/header_lines.hpp"
#include "routing/address_of_record.hpp"
#include "routing/rendezvous.hpp"

namespace sipsteer {
namespace {

std::string_view user_in(std::string_view text) noexcept {
    SipUri uri;
    return uri.read(text) ? user_of(uri) : std::string_view{};
}

std::string_view affinity_user(const MessageView& request, const SipUri& uri, const Source& source) noexcept {
    if (request.method() == Method::register_) return user_in(request.to_uri());
    const std::string_view user = source.is_server() ? user_of(uri) : user_in(request.from_uri());
    return iequals(user, "anonymous") ? std::string_view{} : user;
}

bool goes_by_user(Method method) noexcept {
    return method == Method::register_ || method == Method::subscribe || method == Method::publish;
}

/// A server that comes back slowly takes the keys whose hash is below its share; the same ones and more
/// with each step. Another hash than the score's, whose high values are its own keys.
bool takes_share(std::uint64_t key, const MediaServer& server) noexcept {
    return server.share >= kFullShare || rendezvous_hash(~key, server.id) % kFullShare < server.share;
}

/// A word of a server's own about its load is heeded, unless most of the group says the same: then it is
/// the carrier behind them, and no server is better than another.
bool pauses_are_few(const ServerSet& servers, std::uint16_t group, const ServerLoads& loads) noexcept {
    unsigned taking = 0;
    unsigned pausing = 0;
    for (const MediaServer& server : servers.all()) {
        if (server.group != group || !server.takes_new_calls()) continue;
        ++taking;
        if (loads.pins.pauses(server.id, loads.now)) ++pausing;
    }
    return 2 * pausing <= taking;
}

template <class Fits, class Score>
std::optional<ServerIndex> highest(const ServerSet& servers, Fits fits, Score score_of) noexcept {
    std::optional<ServerIndex> best;
    decltype(score_of(servers[0])) best_score{};
    for (ServerIndex i = 0; i < servers.all().size(); ++i) {
        if (!fits(i, servers[i])) continue;
        const auto score = score_of(servers[i]);
        if (best && score <= best_score) continue;
        best = i;
        best_score = score;
    }
    return best;
}

template <class Fits>
std::optional<ServerIndex> best_by_score(const ServerSet& servers, std::uint64_t key, Fits fits) noexcept {
    if (servers.weigh_the_same())
        return highest(servers, fits,
                       [key](const MediaServer& server) { return rendezvous_hash(key, server.id); });
    return highest(servers, fits, [key](const MediaServer& server) {
        return rendezvous_score(key, server.id, server.weight);
    });
}

template <class Fits>
std::optional<ServerIndex> next_in_turn(const ServerSet& servers, PlacementTurn& turn, Fits fits) noexcept {
    std::uint64_t total = 0;
    for (ServerIndex i = 0; i < servers.all().size(); ++i) {
        if (fits(i, servers[i])) total += servers[i].weight;
    }
    if (total == 0) return std::nullopt;
    std::uint64_t at = turn.fetch_add(1, std::memory_order_relaxed) % total;
    for (ServerIndex i = 0; i < servers.all().size(); ++i) {
        if (!fits(i, servers[i])) continue;
        if (at < servers[i].weight) return i;
        at -= servers[i].weight;
    }
    return std::nullopt;
}

template <class Fits>
std::optional<ServerIndex> least_loaded(const ServerSet& servers, const ServerLoads& loads,
                                        Fits fits) noexcept {
    std::optional<ServerIndex> best;
    double best_load = std::numeric_limits<double>::infinity();
    for (ServerIndex i = 0; i < servers.all().size(); ++i) {
        if (!fits(i, servers[i])) continue;
        const double load = static_cast<double>(loads.of(servers[i].id) + 1) / servers[i].weight;
        if (load < best_load) {
            best = i;
            best_load = load;
        }
    }
    return best;
}

}  // namespace

std::uint64_t affinity_key(const Snapshot& snapshot, const MessageView& request, const CallDigest& call,
                           const SipUri& uri, const Source& source) noexcept {
    const RoutingPolicy& policy = snapshot.routing;
    KeyedHash::Input input{snapshot.key.place};
    if (policy.affinity == Affinity::user || goes_by_user(request.method())) {
        const std::string_view user = affinity_user(request, uri, source);
        std::array<char, kMaxUri> scratch;
        if (!user.empty()) return input.add("user").add(unescaped(user, scratch)).finish();
    } else if (policy.affinity == Affinity::header) {
        const std::string_view value = find_header(request, policy.affinity_header);
        if (!value.empty()) return input.add("header").add(value).finish();
    }
    return call.high;
}

std::uint16_t group_for(const Snapshot& snapshot, const SipUri& uri, const Source& source) noexcept {
    if (snapshot.routing.group_rules.empty()) return 0;
    std::array<char, kMaxUri> scratch;
    const std::string_view user = unescaped(uri.user, scratch);
    for (const GroupRule& rule : snapshot.routing.group_rules) {
        if (rule.listener && *rule.listener != source.listener) continue;
        if (!rule.domain.empty() && !same_host(rule.domain, uri.host)) continue;
        if (rule.source && !rule.source->contains(source.endpoint.address, source.endpoint.port)) continue;
        if (!user.starts_with(rule.user_prefix)) continue;
        return rule.group;
    }
    return 0;
}

std::optional<ServerIndex> home_of(const Snapshot& snapshot, std::uint64_t key, std::uint16_t group,
                                   std::optional<ServerIndex> exclude) noexcept {
    for (const bool backup : {false, true}) {
        const auto home =
            best_by_score(snapshot.servers, key, [&](ServerIndex index, const MediaServer& server) {
                return server.placeable && server.group == group && server.backup == backup &&
                       exclude != index;
            });
        if (home) return home;
    }
    return std::nullopt;
}

bool takes_another_call(const MediaServer& server, const ServerLoads& loads) noexcept {
    return server.takes_new_calls() && (server.max_calls == 0 || loads.of(server.id) < server.max_calls);
}

std::optional<ServerIndex> place(const Snapshot& snapshot, const PlacementRequest& request,
                                 const ServerLoads& loads, PlacementTurn& turn) noexcept {
    const bool heed_pauses = request.pinned && pauses_are_few(snapshot.servers, request.group, loads);
    const PlacementMethod method = request.pinned ? snapshot.routing.placement : PlacementMethod::hash;
    const auto choose = [&](bool backup, bool slowly) {
        const auto fits = [&](ServerIndex index, const MediaServer& server) {
            if (server.group != request.group || server.backup != backup || request.exclude == index)
                return false;
            if (!request.pinned) return server.takes_new_calls();
            if (!takes_another_call(server, loads)) return false;
            if (!slowly) return true;
            return takes_share(request.key, server) &&
                   !(heed_pauses && loads.pins.pauses(server.id, loads.now));
        };
        switch (method) {
            case PlacementMethod::hash: break;
            case PlacementMethod::round_robin: return next_in_turn(snapshot.servers, turn, fits);
            case PlacementMethod::least_calls: return least_loaded(snapshot.servers, loads, fits);
        }
        return best_by_score(snapshot.servers, request.key, fits);
    };
    for (const bool backup : {false, true}) {
        for (const bool slowly : {true, false}) {
            if (const auto chosen = choose(backup, slowly)) return chosen;
        }
    }
    return std::nullopt;
}

}  // namespace sipsteer
