#include "test_proxy.hpp"

#include <algorithm>
#include <stdexcept>

#include "proxy/config_loader.hpp"
#include "proxy/config_values.hpp"
#include "proxy/snapshot_builder.hpp"

namespace sipsteer::test {
namespace {

constexpr std::size_t kMaxDatagram = 65507;  // what UDP over IPv4 can carry
constexpr std::size_t kSmallTable = 1024;

LoadedConfig config_of(std::string_view toml) {
    LoadedConfig loaded = load_config_text(toml, "case.toml");
    if (loaded.ok()) return loaded;
    std::string all;
    for (const ConfigError& error : loaded.errors) all += to_string(error) + "\n";
    throw std::runtime_error(all);
}

template <class Counters>
std::uint64_t sum(const Counters& counters) noexcept {
    std::uint64_t total = 0;
    for (const Counter& counter : counters) total += counter.value();
    return total;
}

std::uint64_t received(const Counters& counters) noexcept {
    std::uint64_t total = 0;
    for (const auto& kinds : counters.received) total += sum(kinds);
    return total;
}

template <class Words>
std::optional<std::size_t> index_of(const Words& words, std::string_view word) {
    const auto found = std::ranges::find(words, word);
    if (found == words.end()) return std::nullopt;
    return static_cast<std::size_t>(found - words.begin());
}

}  // namespace

ClusterKey fixed_key(std::uint8_t seed) {
    ClusterKey::Secret secret{};
    secret.fill(seed);
    return ClusterKey::derive(secret);
}

std::shared_ptr<const Snapshot> snapshot_of(std::string_view toml, const ClusterKey& key) {
    return build_snapshot(config_of(toml).config, key).snapshot;
}

std::size_t max_calls_of(std::string_view toml) {
    const LoadedConfig loaded = config_of(toml);
    return loaded.config.is_written("calls.max") ? loaded.config.calls.max : kSmallTable;
}

std::shared_ptr<const Snapshot> with_server(const Snapshot& snapshot, std::string_view name, bool up) {
    auto servers = snapshot.servers.all();
    const auto found = std::ranges::find(servers, name, &MediaServer::name);
    if (found == servers.end()) throw std::runtime_error("no such server: " + std::string{name});
    found->up = up;
    auto changed = std::make_shared<Snapshot>(snapshot);
    changed->servers = ServerSet{std::move(servers), snapshot.servers.groups(), snapshot.key};
    return changed;
}

Endpoint endpoint_of(std::string_view text) {
    const auto address = parse_bind_address(text);
    if (!address) throw std::runtime_error(address.error());
    return {address->address, address->port, address->transport};
}

std::string text_of(const Endpoint& endpoint) {
    return to_string(BindAddress{endpoint.transport, endpoint.address, endpoint.port});
}

ListenerIndex listener_of(const Snapshot& snapshot, std::string_view text) {
    const Endpoint wanted = endpoint_of(text);
    for (std::size_t i = 0; i < snapshot.local.listeners().size(); ++i) {
        const auto index = static_cast<ListenerIndex>(i);
        if (snapshot.local[index].bind == wanted) return index;
    }
    throw std::runtime_error("no such listener: " + std::string{text});
}

TestProxy::TestProxy(std::shared_ptr<const Snapshot> snapshot, std::size_t max_calls)
    : snapshot_(std::move(snapshot)), max_calls_(max_calls), out_(kMaxDatagram) {
    forget();
}

TestProxy::TestProxy(const TestProxy& other, std::shared_ptr<const Snapshot> snapshot)
    : snapshot_(std::move(snapshot)),
      max_calls_(other.max_calls_),
      tables_(other.tables_),
      pipeline_(std::make_unique<Pipeline>(*tables_, *counters_)),
      out_(kMaxDatagram),
      time_(other.time_) {}

void TestProxy::forget() {
    tables_ = std::make_shared<Tables>(max_calls_);
    pipeline_ = std::make_unique<Pipeline>(*tables_, *counters_);
}

Sent TestProxy::deliver(std::string_view bytes, const Endpoint& from, ListenerIndex listener,
                        bool kernel_takes_it, ConnectionId connection, ServerId peer) {
    // A copy of exactly that size: a read behind its end is seen by the sanitizer.
    const std::vector<char> datagram(bytes.begin(), bytes.end());
    pipeline_->set_time(time_);
    const Incoming incoming{{datagram.data(), datagram.size()}, from, listener, connection, peer};
    const Outcome outcome = pipeline_->process(*snapshot_, incoming, now(), out_);
    probes_.clear();
    name_asked_.clear();
    if (const NameQuestion* const name = pipeline_->questions().name_of(outcome.question)) {
        name_asked_ = name->host + (name->port == 0 ? "" : ":" + std::to_string(name->port));
        if (!name->any_transport) name_asked_ += ";" + text_of(Endpoint{{}, 0, name->transport}).substr(0, 3);
    } else if (outcome.what == Outcome::What::held && outcome.question != 0) {
        std::vector<char> probe(kMaxDatagram);
        pipeline_->questions().write(*snapshot_, outcome.question, probe,
                                     [&](const Endpoint& to, ListenerIndex, std::size_t size) {
                                         probes_.push_back({to, std::string{probe.data(), size}});
                                     });
    } else if (outcome.what == Outcome::What::probe_answer) {
        pipeline_->questions().answer(outcome.ticket, probe_verdict(outcome.status), time_);
    }
    return sent(outcome, kernel_takes_it);
}

Sent TestProxy::break_stream(std::string_view bytes, const Endpoint& from, ListenerIndex listener,
                             ConnectionId connection, ParseError error) {
    probes_.clear();
    return sent(pipeline_->refuse(*snapshot_, {bytes, from, listener, connection}, error, out_), true);
}

Sent TestProxy::sent(const Outcome& outcome, bool kernel_takes_it) {
    Sent sent;
    sent.outcome = outcome;
    if (outcome.sends()) sent.bytes.assign(out_.data(), outcome.size);
    if (!kernel_takes_it && is_stream(outcome.to.transport)) {
        sent.outcome =
            pipeline_->lose(*snapshot_, outcome, DropReason::connection_lost, sent.bytes, now(), out_);
        sent.bytes.assign(out_.data(), sent.outcome.size);
        kernel_takes_it = true;
    }
    pipeline_->settle(sent.outcome, kernel_takes_it);
    return sent;
}

std::vector<Sent> TestProxy::release() {
    std::vector<Sent> all;
    pipeline_->set_time(time_);
    while (const auto held = pipeline_->questions().take_settled(*snapshot_, time_)) {
        const auto* const asked = std::get_if<OwnerQuestion>(&held->question);
        const ProbeAnswer answer{.asked = true, .owner = asked == nullptr ? kNoServer : asked->probe.owner()};
        all.push_back(sent(pipeline_->release(*snapshot_, held->request, answer, now(), out_), true));
        for (const HeldMessage& follower : held->followers) {
            all.push_back(sent(pipeline_->release(*snapshot_, follower, {.asked = true}, now(), out_), true));
        }
    }
    return all;
}

void TestProxy::resolve(std::string_view uri, const HopAnswer& answer) {
    const auto parsed = SipUri::parse(uri);
    if (!parsed || !parsed->is_sip()) throw std::runtime_error("no SIP URI: " + std::string{uri});
    const std::uint64_t name = NextHopName::of(*parsed).hash(snapshot_->key.table);
    tables_->hops.learn(name, answer, now());
    pipeline_->questions().name_answered(name);
}

void TestProxy::believe(std::string_view server) {
    const auto& all = snapshot_->servers.all();
    const auto found = std::ranges::find(all, server, &MediaServer::name);
    if (found == all.end()) throw std::runtime_error("no such server: " + std::string{server});
    tables_->probe_uses.find_or_add(found->id)->store(ProbeUse::usable);
}

bool TestProxy::counter_law_holds() const noexcept {
    const std::uint64_t ends = counters_->forwarded.value() + counters_->answered.value() +
                               counters_->absorbed.value() + sum(counters_->dropped);
    return received(*counters_) == ends && ends == sum(counters_->decisions);
}

std::optional<std::uint64_t> TestProxy::counter(std::string_view name) const {
    const std::size_t brace = name.find('{');
    const std::string_view plain = name.substr(0, brace);
    std::string_view label;
    if (brace != std::string_view::npos) {
        const std::size_t begin = name.find('"') + 1;
        label = name.substr(begin, name.rfind('"') - begin);
    }
    const Counters& all = *counters_;
    if (plain == "received") return received(all);
    if (plain == "forwarded") return all.forwarded.value();
    if (plain == "answered") return all.answered.value();
    if (plain == "absorbed") return all.absorbed.value();
    if (plain == "keepalives") return all.keepalives.value();
    if (plain == "unverified_responses") return all.unverified_responses.value();
    if (plain == "invalid_record_routes") return all.invalid_record_routes.value();
    if (plain == "pins") return tables_->pins.size();
    if (plain == "calls") return tables_->calls.size();
    if (plain == "bindings") return tables_->bindings.size();
    if (plain == "dropped" && label.empty()) return sum(all.dropped);
    if (plain == "dropped") {
        if (const auto index = index_of(kDropReasonWords, label)) return all.dropped[*index].value();
    }
    if (plain == "decisions") {
        if (const auto index = index_of(kRouteReasonWords, label)) return all.decisions[*index].value();
    }
    if (plain == "server_calls") {
        for (const MediaServer& server : snapshot_->servers.all()) {
            if (server.name == label)
                return static_cast<std::uint64_t>(tables_->calls.counts().of(server.id));
        }
    }
    return std::nullopt;
}

}  // namespace sipsteer::test
