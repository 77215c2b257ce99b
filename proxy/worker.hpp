#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/udp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

#include "proxy/health_checks.hpp"
#include "proxy/message_watch.hpp"
#include "proxy/pipeline.hpp"
#include "proxy/receive_batch.hpp"
#include "proxy/send_batch.hpp"
#include "proxy/snapshot_cell.hpp"
#include "proxy/stream_connection.hpp"

namespace sipsteer {

class ConnectionRegistry;
class StreamSet;

/// One thread, one io_context, its own sockets on all listeners, its own buffers and counters. Shares
/// with other workers only the tables and the snapshot.
class Worker : private StreamReceiver {
  public:
    /// `index`: its place among the workers. The first one also clears expired records out of the tables,
    /// tries the servers' answers to probes, and checks their health. References must outlive it.
    Worker(const SnapshotCell& snapshots, Tables& tables, ConnectionRegistry& connections, Watched& watched,
           std::uint8_t index);
    ~Worker() override;
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Opens the sockets of all listeners of the current snapshot; `dscp` marks what they send. On an error
    /// `failed` is the listener.
    [[nodiscard]] boost::system::error_code open(std::uint8_t dscp, ListenerIndex& failed);

    /// Lets the kernel spread the datagrams over `workers`, which have all been opened, in the order of their
    /// index. False: it does not take the program, and spreads by addresses and ports alone.
    bool spread(std::uint32_t workers) noexcept;

    /// `all`: the workers by index, to hand over answers to their probes. They must outlive the thread.
    void start(const std::vector<std::unique_ptr<Worker>>& all);
    /// Of the first worker, before start(): who is told what health checks find, on the worker's thread.
    void on_health(std::function<void(const HealthReport&)> told) { health_told_ = std::move(told); }
    /// Before start(): who has a name looked up that a request waits for; called on this worker's thread.
    void on_name(std::function<void(const NameQuestion&)> asked) { name_asked_ = std::move(asked); }
    /// From any thread: DNS has said what there is to say about that name.
    void take_name(std::uint64_t name);
    /// Of the first worker, from any thread: there is another snapshot, look at it now.
    void check_health_soon();
    /// From any thread: `done` is called on this worker's, behind what it is at.
    void come_round(std::function<void()> done);
    /// UDP ends at once; `done` is called, in this worker's thread, when no stream is left.
    void drain(std::function<void()> done);
    /// A packet or connection of this worker's was refused there: the first worker asks that server, if it
    /// is one, at once. On the worker's thread.
    void note_refused(const Endpoint& to);
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
    /// One batch in, one batch out. `first`: of this wake-up, which began at `now`. Returns the datagrams
    /// taken.
    std::size_t run_round(Socket& socket, Seconds now, bool first);
    /// The pipeline reads `count` datagrams of the round from the `first` one on.
    void read_ahead(const Socket& socket, std::size_t first, std::size_t count) noexcept;
    /// Sends what an outcome says, from outgoing_.slot(), or counts it as what it is.
    void dispatch(const Outcome& outcome);
    void flush();
    void refresh_snapshot();

    // Streams (worker_streams.cpp)
    Outcome on_message(const Incoming& incoming) override;
    void on_broken(const Incoming& incoming, ParseError error) override;
    void on_sent(const Outcome& outcome) override { pipeline_.settle(outcome, true); }
    void on_lost(const Outcome& outcome, DropReason why, std::string_view bytes) override;
    void on_refused(const Endpoint& to) override { note_refused(to); }
    void on_round_end() override;
    void finish(const Outcome& outcome, const Incoming& incoming, Seconds now);
    void flush_round();

    void wait_sweep();
    void sweep();

    // What waits for answers of the servers and of DNS (worker_questions.cpp)
    void take_answer(const ProbeTicket& ticket, std::uint16_t status);
    void ask(HeldRequests::Id question);
    void try_servers();
    void release_settled();
    void release(const HeldMessage& message, const ProbeAnswer& answer);
    void wait_deadline();
    void send_uncounted(const Endpoint& to, ListenerIndex listener, std::size_t size);

    // Health checks, of the first worker (worker_health.cpp)
    void check_health();
    void read_refusals();
    void take_health_answer(const ProbeTicket& ticket, std::uint16_t status);

    const SnapshotCell& snapshots_;
    Tables& tables_;
    std::shared_ptr<const Snapshot> snapshot_;
    std::uint64_t generation_ = 0;
    const std::uint8_t index_;
    const std::vector<std::unique_ptr<Worker>>* all_ = nullptr;

    Counters counters_;
    Pipeline pipeline_;
    MessageWatch watch_;
    ReceiveBatch received_;
    SendBatch outgoing_;
    std::array<Incoming, Pipeline::kAhead> ahead_;  ///< what the pipeline has read
    std::array<Outcome, kBatch> for_later_;         ///< of the round: what is done once it is sent
    std::array<Outcome, kBatch> unsettled_;         ///< the outcome behind each datagram of `outgoing_`
    boost::asio::io_context context_{1};
    boost::asio::steady_timer sweep_timer_{context_};
    boost::asio::steady_timer deadline_timer_{context_};
    bool deadline_armed_ = false;
    bool flushes_soon_ = false;
    std::optional<std::chrono::steady_clock::time_point> round_begin_;  ///< of streams: its first message
    std::chrono::steady_clock::time_point flushed_{};  ///< the last round of streams went out
    bool draining_ = false;  ///< nothing is asked any more: connections shall fall silent
    unsigned sweeps_until_trial_ = 0;
    unsigned trial_pause_ = 0;
    HealthChecks health_;
    std::uint64_t health_generation_ = 0;  ///< of the snapshot that health_ follows
    boost::asio::steady_timer health_timer_{context_};
    std::function<void(const HealthReport&)> health_told_;
    std::function<void(const NameQuestion&)> name_asked_;
    std::vector<Socket> sockets_;
    std::vector<int> udp_;  ///< descriptor of each listener; -1: not UDP
    std::unique_ptr<StreamSet> streams_;
    std::thread thread_;
};

/// Seconds since boot: never jumps, and goes on over a restart of the process.
[[nodiscard]] Seconds seconds_since_boot() noexcept;

}  // namespace sipsteer
