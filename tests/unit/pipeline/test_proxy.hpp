#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/pipeline.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer::test {

/// The key of every test: the same bytes on every run.
[[nodiscard]] ClusterKey fixed_key(std::uint8_t seed = 1);

/// A cluster of one, by UDP alone.
inline constexpr std::string_view kOneServer = R"(
[listen]
udp = ["192.0.2.100:5060"]
http = ""
[[server]]
name = "pbx-1"
uri = "sip:192.0.2.201:5060"
)";

/// A snapshot of configuration text. Throws std::runtime_error with all errors of the text.
[[nodiscard]] std::shared_ptr<const Snapshot> snapshot_of(std::string_view toml,
                                                          const ClusterKey& key = fixed_key());

/// `[calls] max` of configuration text; a small table when it is not written.
[[nodiscard]] std::size_t max_calls_of(std::string_view toml);

/// The same snapshot with that server up or down, as health checks would set it. Throws on an unknown name.
[[nodiscard]] std::shared_ptr<const Snapshot> with_server(const Snapshot& snapshot, std::string_view name,
                                                          bool up);

/// "udp:192.0.2.7:5060" to an endpoint and back. endpoint_of throws on what is none.
[[nodiscard]] Endpoint endpoint_of(std::string_view text);
[[nodiscard]] std::string text_of(const Endpoint& endpoint);

/// The listener with that address, e.g. "udp:127.0.0.1:5060". Throws when there is none.
[[nodiscard]] ListenerIndex listener_of(const Snapshot& snapshot, std::string_view text);

/// What one message led to.
struct Sent {
    Outcome outcome;
    std::string bytes;  ///< what goes out; empty when nothing does

    [[nodiscard]] bool forwarded() const noexcept { return outcome.what == Outcome::What::forwarded; }
    [[nodiscard]] std::string to() const { return outcome.sends() ? text_of(outcome.to) : std::string{}; }
};

/// A question to a server: who owns this dialog?
struct Probe {
    Endpoint to;
    std::string bytes;
};

/// A proxy without sockets: one worker's Pipeline on tables that it owns or shares, and a clock that
/// stands until it is moved.
class TestProxy {
  public:
    explicit TestProxy(std::shared_ptr<const Snapshot> snapshot, std::size_t max_calls = 1024);
    /// Another worker of `other`: the same tables, its own counters.
    TestProxy(const TestProxy& other, std::shared_ptr<const Snapshot> snapshot);

    /// `kernel_takes_it` false: the send fails.
    Sent deliver(std::string_view bytes, const Endpoint& from, ListenerIndex listener = 0,
                 bool kernel_takes_it = true, ConnectionId connection = kNoConnection,
                 ServerId peer = kNoServer);
    /// A message that broke its stream.
    Sent break_stream(std::string_view bytes, const Endpoint& from, ListenerIndex listener,
                      ConnectionId connection, ParseError error);
    Sent deliver(std::string_view bytes, std::string_view from) { return deliver(bytes, endpoint_of(from)); }

    /// The probes that the last message led to.
    [[nodiscard]] const std::vector<Probe>& probes() const noexcept { return probes_; }
    /// The name that it has looked up, as host[:port][;transport]; empty: none.
    [[nodiscard]] const std::string& name_asked() const noexcept { return name_asked_; }
    /// DNS says where `uri` leads.
    void resolve(std::string_view uri, const HopAnswer& answer);
    /// What waited for an answer and now goes on, in order.
    [[nodiscard]] std::vector<Sent> release();
    /// The server's answers to probes can be believed.
    void believe(std::string_view server);

    /// The stream connections that it believes to be open. They must outlive it.
    void watch(const OpenConnections& connections) noexcept { pipeline_->watch(connections); }
    void wait(std::chrono::milliseconds time) noexcept { time_ += time; }
    void use(std::shared_ptr<const Snapshot> snapshot) { snapshot_ = std::move(snapshot); }
    /// As after a restart: empty tables.
    void forget();

    [[nodiscard]] const Snapshot& snapshot() const noexcept { return *snapshot_; }
    [[nodiscard]] Tables& tables() noexcept { return *tables_; }
    [[nodiscard]] const Counters& counters() const noexcept { return *counters_; }
    [[nodiscard]] Seconds now() const noexcept { return static_cast<Seconds>(time_.count() / 1000); }

    /// received = forwarded + answered + absorbed + dropped, and a decision for each.
    [[nodiscard]] bool counter_law_holds() const noexcept;

    /// The value of `name` or `name{label="x"}`, as in the metrics; none: no such counter.
    [[nodiscard]] std::optional<std::uint64_t> counter(std::string_view name) const;

  private:
    [[nodiscard]] Sent sent(const Outcome& outcome, bool kernel_takes_it);

    std::shared_ptr<const Snapshot> snapshot_;
    std::size_t max_calls_;
    std::shared_ptr<Tables> tables_;
    std::unique_ptr<Counters> counters_ = std::make_unique<Counters>();
    std::unique_ptr<Pipeline> pipeline_;
    std::vector<char> out_;
    std::vector<Probe> probes_;
    std::string name_asked_;
    std::chrono::milliseconds time_{1000 * 1000};
};

}  // namespace sipsteer::test
