#include "bench/recording/recording.hpp"

#include <optional>
#include <stdexcept>

#include "bench/load/ends.hpp"
#include "bench/load/memory_transport.hpp"
#include "proxy/config_loader.hpp"
#include "proxy/snapshot_builder.hpp"

namespace sipsteer::bench {
namespace {

using load::MemoryTransport;
using load::PortIndex;

constexpr std::string_view kCluster = R"(
[listen]
udp = ["127.0.0.1:5060"]
http = ""
[[server]]
name = "pbx-1"
uri = "sip:127.0.1.1:5060"
[[server]]
name = "pbx-2"
uri = "sip:127.0.1.2:5060"
[[server]]
name = "pbx-3"
uri = "sip:127.0.1.3:5060"
[[server]]
name = "pbx-4"
uri = "sip:127.0.1.4:5060"
[transfer]
fallback = "sip:replaces@127.0.1.1"
)";

constexpr std::uint32_t kRun = 0xba5e11e;  // the same Call-IDs each time

std::string kind_of(const std::string& bytes, bool from_server) {
    load::ReceivedMessage message;
    if (!message.read(bytes)) throw std::runtime_error("the generator wrote no SIP");
    const std::string method{message.method()};
    if (message.status != 0) {
        const std::string who = from_server ? "" : " of a phone";
        return std::to_string(message.status) + " to " + method + who;
    }
    if (from_server) return method + " of a server";
    return bytes.find("\r\nReplaces: ") == std::string::npos ? method : method + " with Replaces";
}

class Recorder {
  public:
    Recorder(const Snapshot& snapshot, const load::Options& options)
        : snapshot_(snapshot), options_(options) {}

    MemoryTransport::Passed pass(PortIndex from, const std::string& bytes) {
        const Endpoint source = endpoint(from);
        const Outcome outcome = pipeline_.process(snapshot_, {bytes, source, 0}, 1000, out_);
        pipeline_.settle(outcome, true);
        if (!outcome.sends()) throw std::runtime_error("not forwarded:\n" + bytes);
        messages_.push_back({kind_of(bytes, from < options_.servers), bytes, source, outcome.reason});
        for (PortIndex port = 0; port < options_.servers + options_.phones; ++port) {
            if (endpoint(port) == outcome.to) return {port, out_.substr(0, outcome.size)};
        }
        throw std::runtime_error("forwarded to nobody:\n" + bytes);
    }

    [[nodiscard]] std::vector<Recorded> messages() && { return std::move(messages_); }

  private:
    [[nodiscard]] Endpoint endpoint(PortIndex port) const {
        const load::Address end =
            port < options_.servers ? options_.server(port) : options_.phone(port - options_.servers);
        Endpoint out;
        for (unsigned i = 0; i < 4; ++i)
            out.address.bytes[i] = static_cast<std::uint8_t>(end.ip >> (24 - 8 * i));
        out.port = end.port;
        return out;
    }

    const Snapshot& snapshot_;
    const load::Options& options_;
    Tables tables_{10000};
    Counters counters_;
    Pipeline pipeline_{tables_, counters_};
    std::string out_ = std::string(65536, '\0');
    std::vector<Recorded> messages_;
};

}  // namespace

std::shared_ptr<const Snapshot> recording_snapshot() {
    return build_snapshot(load_config_text(kCluster, "recording").config, ClusterKey::derive({1, 2, 3}))
        .snapshot;
}

std::vector<Recorded> record_transfers(const Snapshot& snapshot, unsigned transfers) {
    load::Options options;
    options.mode = load::Mode::transfers;
    Recorder recorder{snapshot, options};
    MemoryTransport transport{
        [&](PortIndex from, const std::string& bytes) { return recorder.pass(from, bytes); }};
    const load::MessageWriter writer{options, kRun};
    load::CallBook calls{4, kRun};
    load::Faults faults;
    load::Tally tally;
    load::Stage stage{options, transport, writer, calls, faults, tally};
    load::Ends ends{stage};
    for (unsigned i = 0; i < transfers; ++i) {
        ends.phones().begin(load::clock_now(), load::clock_now());
        transport.turn(0, ends);
    }
    if (faults.total() != 0) throw std::runtime_error(faults.first());
    if (tally.counts.transfers != transfers) throw std::runtime_error("not all transfers were completed");
    return std::move(recorder).messages();
}

}  // namespace sipsteer::bench
