#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/config.hpp"
#include "proxy/file_watch.hpp"
#include "proxy/health_checks.hpp"
#include "proxy/host_lookup.hpp"
#include "proxy/snapshot_cell.hpp"
#include "routing/owner_counts.hpp"

namespace sipsteer {

/// States that operators have set, by server name.
using SaidStates = std::map<std::string, ServerState, std::less<>>;

/// The cluster as it is now: the configuration, what operators have said about servers since, what health
/// checks have found, and the addresses of names. Publishes a snapshot of all whenever one of them changes.
/// For one thread; workers read the published snapshots.
class LiveCluster {
  public:
    /// `known`: addresses of the servers' names.
    LiveCluster(Config config, const ClusterKey& key, HostAddresses known = {});

    [[nodiscard]] const Config& config() const noexcept { return config_; }
    [[nodiscard]] const SnapshotCell& snapshots() const noexcept { return cell_; }
    /// What the operator should know about the snapshot made from the configuration, a line each.
    [[nodiscard]] const std::vector<std::string>& remarks() const noexcept { return remarks_; }
    /// Called behind each change, with the new snapshot in place.
    void on_publish(std::function<void()> told) { told_ = std::move(told); }

    struct Reload {
        std::vector<std::string> errors;    ///< `file:line:col: key: message`; any: nothing has changed
        std::vector<std::string> changes;   ///< `+ pbx-3`, `pbx-1 weight 10 -> 5`, and as config_changes()
        std::vector<std::string> warnings;  ///< of the new configuration
    };
    /// Reads the configuration file again: all or nothing. States that operators have set stay, and so does
    /// the health of servers. Those that went leave: nothing new is placed on them, and transfers of their
    /// calls find them as long as they are up and not in maintenance.
    [[nodiscard]] Reload reload(Seconds now);

    /// Forgets servers that leave once they own no call, and kLeaving after they were taken out at the
    /// soonest: that long their transactions may still run. Look once a second or so.
    void forget_left(const OwnerCounts& counts, Seconds now);
    static constexpr Seconds kLeaving = 33;

    /// The file of `dispatcher.list` has changed since it was read: reload. Look once a second or so.
    [[nodiscard]] bool list_changed() { return list_.changed(); }

    /// What `sipsteerctl` says; holds until the next word, `ready` takes it back. False: no such server.
    [[nodiscard]] bool set_state(std::string_view server, ServerState state);

    /// What operators have said, by server name. A server that is not there may come yet.
    [[nodiscard]] const SaidStates& said() const noexcept { return said_; }
    /// What they had said to an earlier process.
    void restore(SaidStates said);

    /// The servers' names lead elsewhere now. Returns what has changed, as server_changes(); servers that
    /// SRV records name no more leave, as after a reload.
    [[nodiscard]] std::vector<std::string> set_addresses(HostAddresses known, Seconds now);

    /// The process ends: for good.
    void set_ending();

    /// What health checks have found. False: nothing new, or a server that has gone.
    bool set_health(const HealthReport& report);

  private:
    [[nodiscard]] std::vector<std::string> take(std::shared_ptr<const Snapshot> configured, Seconds now);
    void let_leave(const ServerSet& before, Seconds now);
    void forget_needless_words();
    /// As one that is configured or leaves.
    [[nodiscard]] bool has(ServerId id) const;
    void publish();

    const Config started_;
    Config config_;
    std::shared_ptr<const Snapshot> configured_;  ///< from the configuration alone
    std::vector<std::string> remarks_;
    struct Leaving {
        MediaServer server;
        Seconds since = 0;
    };
    std::vector<Leaving> leaving_;
    SaidStates said_;                          ///< only what differs
    std::map<ServerId, HealthReport> health_;  ///< only what is not as healthy as can be
    HostAddresses known_;
    bool ending_ = false;
    FileWatch list_;
    SnapshotCell cell_;
    std::function<void()> told_;
};

}  // namespace sipsteer
