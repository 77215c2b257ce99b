#include "proxy/live_cluster.hpp"

#include <algorithm>
#include <iterator>
#include <utility>

#include "proxy/config_changes.hpp"
#include "proxy/config_loader.hpp"
#include "proxy/server_changes.hpp"
#include "proxy/snapshot_builder.hpp"

namespace sipsteer {
namespace {

const MediaServer* find_named(const ServerSet& set, std::string_view name) {
    const auto found = std::ranges::find(set.all(), name, &MediaServer::name);
    return found == set.all().end() ? nullptr : &*found;
}

}  // namespace

LiveCluster::LiveCluster(Config config, const ClusterKey& key, HostAddresses known)
    : started_(std::move(config)),
      config_(started_),
      known_(std::move(known)),
      list_(config_.dispatcher.list),
      cell_(nullptr) {
    BuiltSnapshot built = build_snapshot(config_, key, known_);
    configured_ = std::move(built.snapshot);
    remarks_ = std::move(built.remarks);
    publish();
}

/// The one place where all are put together.
void LiveCluster::publish() {
    std::vector<MediaServer> servers = configured_->servers.all();
    for (MediaServer& server : servers) {
        if (const auto said = said_.find(server.name); said != said_.end()) {
            server.state = said->second;
            server.state_is_operators = true;
        }
    }
    for (const Leaving& leaving : leaving_) servers.push_back(leaving.server);
    for (MediaServer& server : servers) {
        if (const auto found = health_.find(server.id); found != health_.end()) {
            server.up = found->second.up;
            server.share = found->second.share;
        }
    }
    auto next = std::make_shared<Snapshot>(*configured_);
    next->servers = ServerSet{std::move(servers), configured_->servers.groups(), configured_->key};
    next->ending = ending_;
    cell_.publish(std::move(next));
    if (told_) told_();
}

void LiveCluster::let_leave(const ServerSet& before, Seconds now) {
    std::erase_if(leaving_, [this](const Leaving& one) { return configured_->servers.by_id(one.server.id); });
    for (const MediaServer& server : before.all()) {
        if (configured_->servers.by_id(server.id)) continue;
        leaving_.push_back({server, now});
        MediaServer& left = leaving_.back().server;
        left.leaving = true;
        left.placeable = false;
        left.group = 0;  // its group may be gone
        if (const auto said = said_.find(left.name); said != said_.end()) left.state = said->second;
        if (left.state == ServerState::ready) left.state = ServerState::drain;
    }
}

bool LiveCluster::has(ServerId id) const {
    return configured_->servers.by_id(id).has_value() ||
           std::ranges::any_of(leaving_, [id](const Leaving& one) { return one.server.id == id; });
}

void LiveCluster::forget_left(const OwnerCounts& counts, Seconds now) {
    const auto gone = std::erase_if(leaving_, [&counts, now](const Leaving& one) {
        return now >= one.since + kLeaving && counts.of(one.server.id) <= 0;
    });
    if (gone == 0) return;
    std::erase_if(health_, [this](const auto& known) { return !has(known.first); });
    publish();
}

LiveCluster::Reload LiveCluster::reload(Seconds now) {
    Reload result;
    const auto first = config_.positions.find("server[0]");
    if (first == config_.positions.end() || first->second.line == 0) {
        result.errors.emplace_back("started without a file: nothing to reload");
        return result;
    }
    LoadedConfig loaded = load_config(config_.file);
    for (const ConfigError& error : loaded.errors) result.errors.push_back(to_string(error));
    if (!loaded.ok()) return result;
    BuiltSnapshot built = build_snapshot(loaded.config, configured_->key, known_);
    if (!std::ranges::equal(configured_->local.listeners(), built.snapshot->local.listeners())) {
        result.errors.push_back(config_.file + ": listeners have changed: that needs a restart");
        return result;
    }
    if (config_.dispatcher.list != loaded.config.dispatcher.list)
        list_ = FileWatch{loaded.config.dispatcher.list};
    for (const ConfigError& warning : loaded.warnings) result.warnings.push_back(to_string(warning));
    const Config before = std::exchange(config_, std::move(loaded.config));
    remarks_ = std::move(built.remarks);
    result.changes = take(std::move(built.snapshot), now);
    std::ranges::move(config_changes(started_, before, config_), std::back_inserter(result.changes));
    return result;
}

std::vector<std::string> LiveCluster::take(std::shared_ptr<const Snapshot> configured, Seconds now) {
    const auto before = std::exchange(configured_, std::move(configured));
    let_leave(before->servers, now);
    forget_needless_words();
    publish();
    return server_changes(before->servers, configured_->servers);
}

bool LiveCluster::set_state(std::string_view name, ServerState state) {
    const MediaServer* const server = find_named(configured_->servers, name);
    if (server == nullptr) return false;
    said_.erase(server->name);
    if (state != ServerState::ready || server->state != ServerState::ready) said_[server->name] = state;
    publish();
    return true;
}

void LiveCluster::restore(SaidStates said) {
    said_ = std::move(said);
    forget_needless_words();
    publish();
}

/// A server that is ready by the configuration needs no word that says so.
void LiveCluster::forget_needless_words() {
    std::erase_if(said_, [this](const auto& word) {
        const MediaServer* const server = find_named(configured_->servers, word.first);
        return server != nullptr && word.second == ServerState::ready && server->state == ServerState::ready;
    });
}

std::vector<std::string> LiveCluster::set_addresses(HostAddresses known, Seconds now) {
    known_ = std::move(known);
    BuiltSnapshot built = build_snapshot(config_, configured_->key, known_);
    auto next = std::make_shared<Snapshot>(*built.snapshot);
    next->local = configured_->local;  // an address that was chosen by the way to the servers stays
    remarks_ = std::move(built.remarks);
    return take(std::move(next), now);
}

void LiveCluster::set_ending() {
    ending_ = true;
    publish();
}

bool LiveCluster::set_health(const HealthReport& report) {
    if (!has(report.server)) return false;
    const auto known = health_.find(report.server);
    const HealthReport before = known == health_.end() ? HealthReport{report.server} : known->second;
    if (before.up == report.up && before.share == report.share) return false;
    if (report.up && report.share == kFullShare) {
        health_.erase(report.server);
    } else {
        health_[report.server] = report;
    }
    publish();
    return true;
}

}  // namespace sipsteer
