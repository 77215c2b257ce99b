#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "proxy/decision_log.hpp"
#include "proxy/pipeline.hpp"
#include "proxy/snapshot_cell.hpp"
#include "proxy/udp_batch.hpp"

namespace sipsteer {

/// One thread, one io_context, its own sockets on all listeners, its own buffers and counters. Shares
/// with other workers only the tables and the snapshot.
class Worker {
  public:
    /// `sweeps`: this worker also clears expired records out of the tables. References must outlive it.
    Worker(const SnapshotCell& snapshots, Tables& tables, bool sweeps);
    ~Worker();
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Opens the sockets of all listeners of the current snapshot. On an error `failed` is the listener.
    [[nodiscard]] boost::system::error_code open(ListenerIndex& failed);

    void start();
    /// Ends the thread: what waits in the sockets is left there.
    void stop();

    [[nodiscard]] const Counters& counters() const noexcept { return counters_; }

  private:
    struct Socket {
        boost::asio::ip::udp::socket socket;
        ListenerIndex listener;
    };

    void wait_readable(std::size_t socket);
    void on_readable(std::size_t socket);
    /// One batch in, one batch out. Returns the datagrams taken.
    std::size_t run_round(Socket& socket);
    void flush(const std::array<Outcome, kBatch>& outcomes, const std::array<std::uint8_t, kBatch>& order);
    void refresh_snapshot();
    void wait_sweep();
    void sweep();

    const SnapshotCell& snapshots_;
    Tables& tables_;
    std::shared_ptr<const Snapshot> snapshot_;
    std::uint64_t generation_ = 0;
    bool sweeps_;

    Counters counters_;
    Pipeline pipeline_;
    DecisionLog log_;
    ReceiveBatch received_;
    SendBatch outgoing_;
    boost::asio::io_context context_{1};
    boost::asio::steady_timer sweep_timer_{context_};
    std::vector<Socket> sockets_;
    std::thread thread_;
};

/// Seconds since boot: never jumps, and goes on over a restart of the process.
[[nodiscard]] Seconds seconds_since_boot() noexcept;

}  // namespace sipsteer
