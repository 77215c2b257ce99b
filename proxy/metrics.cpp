#include "proxy/metrics.hpp"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace sipsteer {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;
using Labels = std::vector<ClientMetric::Label>;
using Workers = std::span<const Counters* const>;

constexpr std::string_view kTransportWords[] = {"udp", "tcp", "tls", "ws", "wss"};
constexpr std::string_view kMethodWords[] = {"INVITE",   "ACK",       "BYE",    "CANCEL",  "OPTIONS",
                                             "REGISTER", "SUBSCRIBE", "NOTIFY", "PUBLISH", "REFER",
                                             "MESSAGE",  "INFO",      "PRACK",  "UPDATE",  "other"};
static_assert(std::size(kMethodWords) == static_cast<std::size_t>(Method::other) + 1);
constexpr std::string_view kKindWords[] = {"request", "response", "invalid"};
static_assert(std::size(kTransportWords) == static_cast<std::size_t>(CounterTransport::kCount));
static_assert(std::size(kKindWords) == static_cast<std::size_t>(MessageKind::kCount));

/// Adds up what `pick` finds in each worker's counters.
template <class Pick>
double sum(Workers workers, Pick pick) {
    std::uint64_t total = 0;
    for (const auto* worker : workers) total += pick(*worker).value();
    return static_cast<double>(total);
}

std::string class_word(std::size_t index) { return std::to_string(index + 1) + "xx"; }

/// Adds up what `pick` finds in what the workers counted about one server.
template <class Pick>
double sum_of(Workers workers, ServerId id, Pick pick) {
    std::uint64_t total = 0;
    for (const auto* worker : workers) {
        if (const ServerCounters* server = worker->servers.find(id)) total += pick(*server).value();
    }
    return static_cast<double>(total);
}

class Page {
  public:
    MetricFamily& family(std::string name, std::string help, MetricType type) {
        families_.push_back({std::move(name), std::move(help), type, {}});
        return families_.back();
    }
    void counter(std::string name, std::string help, double value) {
        add(family(std::move(name), std::move(help), MetricType::Counter), {}, value);
    }
    void gauge(std::string name, std::string help, double value) {
        add(family(std::move(name), std::move(help), MetricType::Gauge), {}, value);
    }
    static void add(MetricFamily& family, Labels labels, double value) {
        ClientMetric metric;
        metric.label = std::move(labels);
        (family.type == MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
        family.metric.push_back(std::move(metric));
    }
    [[nodiscard]] std::string text() const { return prometheus::TextSerializer().Serialize(families_); }

  private:
    std::vector<MetricFamily> families_;
};

void add_messages(Page& page, Workers workers) {
    auto& received = page.family("sipsteer_messages_received_total",
                                 "Messages received: received = forwarded + answered + absorbed + dropped.",
                                 MetricType::Counter);
    for (std::size_t t = 0; t < std::size(kTransportWords); ++t) {
        for (std::size_t k = 0; k < std::size(kKindWords); ++k) {
            Page::add(received,
                      {{"transport", std::string(kTransportWords[t])}, {"kind", std::string(kKindWords[k])}},
                      sum(
                          workers, [ t, k ](const Counters& c) -> auto& { return c.received[t][k]; }));
        }
    }
    auto& requests =
        page.family("sipsteer_requests_total", "Requests received, by method; other: all further ones.",
                    MetricType::Counter);
    for (std::size_t i = 0; i < std::size(kMethodWords); ++i) {
        Page::add(requests, {{"method", std::string(kMethodWords[i])}},
                  sum(
                      workers, [i](const Counters& c) -> auto& { return c.requests[i]; }));
    }
    auto& responses =
        page.family("sipsteer_responses_total", "Responses received, by class.", MetricType::Counter);
    for (std::size_t i = 0; i < kCodeClasses; ++i) {
        Page::add(responses, {{"class", class_word(i)}},
                  sum(
                      workers, [i](const Counters& c) -> auto& { return c.responses[i]; }));
    }
    page.counter("sipsteer_messages_forwarded_total", "Messages sent on.",
                 sum(
                     workers, [](const Counters& c) -> auto& { return c.forwarded; }));
    page.counter("sipsteer_messages_answered_total", "Requests that we answered ourselves.",
                 sum(
                     workers, [](const Counters& c) -> auto& { return c.answered; }));
    page.counter("sipsteer_messages_absorbed_total", "Messages that were for us and need no answer.",
                 sum(
                     workers, [](const Counters& c) -> auto& { return c.absorbed; }));
    auto& dropped =
        page.family("sipsteer_messages_dropped_total", "Messages dropped, by reason.", MetricType::Counter);
    for (std::size_t i = 0; i < kDropReasonWords.size(); ++i) {
        Page::add(dropped, {{"reason", std::string(kDropReasonWords[i])}},
                  sum(
                      workers, [i](const Counters& c) -> auto& { return c.dropped[i]; }));
    }
    auto& decisions =
        page.family("sipsteer_decisions_total", "Why messages went where they went.", MetricType::Counter);
    for (std::size_t i = 0; i < kRouteReasonWords.size(); ++i) {
        Page::add(decisions, {{"reason", std::string(kRouteReasonWords[i])}},
                  sum(
                      workers, [i](const Counters& c) -> auto& { return c.decisions[i]; }));
    }
    page.counter("sipsteer_keepalives_total",
                 "Datagrams and CRLFs without a message; not among those received.",
                 sum(
                     workers, [](const Counters& c) -> auto& { return c.keepalives; }));
    page.counter("sipsteer_responses_unverified_total",
                 "Responses from a server to our address whose branch could not be verified.",
                 sum(
                     workers, [](const Counters& c) -> auto& { return c.unverified_responses; }));
    page.counter("sipsteer_record_routes_invalid_total",
                 "Record-Routes of ours that came back with a wrong signature.",
                 sum(
                     workers, [](const Counters& c) -> auto& { return c.invalid_record_routes; }));
}

/// Of each stream transport, what `value` says.
template <class Value>
void add_by_transport(MetricFamily& family, Value value) {
    for (std::size_t t = 1; t < std::size(kTransportWords); ++t) {
        Page::add(family, {{"transport", std::string(kTransportWords[t])}}, value(t));
    }
}

void add_connections(Page& page, Workers workers) {
    const auto opened = [workers](std::size_t t) {
        return sum(
            workers, [t](const Counters& c) -> auto& { return c.connections_opened[t]; });
    };
    const auto ended = [workers](std::size_t t) {
        return sum(
            workers, [t](const Counters& c) -> auto& { return c.connections_ended[t]; });
    };
    add_by_transport(
        page.family("sipsteer_connections", "Stream connections that are open.", MetricType::Gauge),
        [&](std::size_t t) { return std::max(0.0, opened(t) - ended(t)); });
    add_by_transport(page.family("sipsteer_connections_opened_total",
                                 "Stream connections, opened by either side.", MetricType::Counter),
                     opened);
    auto& closed =
        page.family("sipsteer_connections_closed_total",
                    "Stream connections that ended or were refused, by reason.", MetricType::Counter);
    for (std::size_t i = 0; i < kConnectionEndWords.size(); ++i) {
        Page::add(closed, {{"reason", std::string(kConnectionEndWords[i])}},
                  sum(
                      workers, [i](const Counters& c) -> auto& { return c.connections_closed[i]; }));
    }
}

void add_duration(Page& page, Workers workers) {
    auto& family = page.family("sipsteer_process_duration_seconds",
                               "Time from the receipt of a message to the end of its processing.",
                               MetricType::Histogram);
    ClientMetric metric;
    std::uint64_t total = 0;
    for (std::size_t i = 0; i <= kDurationBuckets.size(); ++i) {
        for (const auto* worker : workers) total += worker->duration_bucket[i].value();
        const bool last = i == kDurationBuckets.size();
        const double bound = last ? std::numeric_limits<double>::infinity() : kDurationBuckets[i];
        metric.histogram.bucket.push_back({total, bound});
    }
    metric.histogram.sample_count = total;
    metric.histogram.sample_sum = sum(
                                      workers, [](const Counters& c) -> auto& { return c.duration_sum_ns; }) *
                                  1e-9;
    family.metric.push_back(std::move(metric));
}

void add_servers(Page& page, Workers workers, const Gauges& gauges) {
    const auto counter = [&](const char* name, const char* help, auto pick) {
        auto& family = page.family(name, help, MetricType::Counter);
        for (const auto& server : gauges.servers) {
            Page::add(family, {{"server", server.name}}, sum_of(workers, server.id, pick));
        }
    };
    counter(
        "sipsteer_server_messages_received_total", "Messages received from the server.",
        [](const ServerCounters& c) -> auto& { return c.received; });
    counter(
        "sipsteer_server_messages_sent_total", "Messages forwarded to the server.",
        [](const ServerCounters& c) -> auto& { return c.sent; });
    counter(
        "sipsteer_server_invites_total",
        "INVITEs outside of a dialog that were forwarded to the server, repetitions too.",
        [](const ServerCounters& c) -> auto& { return c.invites; });
    auto& answers = page.family("sipsteer_server_responses_total",
                                "The server's responses that were forwarded, by class.", MetricType::Counter);
    for (const auto& server : gauges.servers) {
        for (std::size_t i = 0; i < kCodeClasses; ++i) {
            Page::add(
                answers, {{"server", server.name}, {"class", class_word(i)}},
                sum_of(
                    workers, server.id, [i](const ServerCounters& c) -> auto& { return c.answers[i]; }));
        }
    }
}

void add_process(Page& page, const ProcessStats& process) {
    page.counter("process_cpu_seconds_total", "User and system CPU time, in seconds.", process.cpu_seconds);
    page.gauge("process_resident_memory_bytes", "Resident memory, in bytes.",
               static_cast<double>(process.resident_bytes));
    page.gauge("process_virtual_memory_bytes", "Virtual memory, in bytes.",
               static_cast<double>(process.virtual_bytes));
    page.gauge("process_open_fds", "Open file descriptors.", static_cast<double>(process.open_fds));
    page.gauge("process_max_fds", "Most file descriptors that may be open.",
               static_cast<double>(process.max_fds));
}

void add_gauges(Page& page, const Gauges& gauges) {
    auto& up = page.family("sipsteer_server_up", "1 when the server is up.", MetricType::Gauge);
    for (const auto& server : gauges.servers) Page::add(up, {{"server", server.name}}, server.up ? 1 : 0);
    auto& usable =
        page.family("sipsteer_server_probe_usable",
                    "1 when the server's answers to owner probes can be believed.", MetricType::Gauge);
    for (const auto& server : gauges.servers) {
        Page::add(usable, {{"server", server.name}}, server.probe_usable ? 1 : 0);
    }
    auto& calls = page.family("sipsteer_server_calls", "Dialogs, early or confirmed, that the server owns.",
                              MetricType::Gauge);
    for (const auto& server : gauges.servers) {
        Page::add(calls, {{"server", server.name}}, static_cast<double>(server.calls));
    }
    auto& rtt = page.family("sipsteer_server_probe_rtt_seconds",
                            "Round trip of the server's health checks, smoothed; 0 while not known.",
                            MetricType::Gauge);
    for (const auto& server : gauges.servers) Page::add(rtt, {{"server", server.name}}, server.rtt_seconds);
    page.gauge("sipsteer_call_table_entries", "Entries of the call table.",
               static_cast<double>(gauges.call_table_entries));
    page.gauge("sipsteer_pin_table_entries", "Entries of the pin table.",
               static_cast<double>(gauges.pin_table_entries));
    page.gauge("sipsteer_binding_table_entries", "Users whose registrar is known.",
               static_cast<double>(gauges.binding_table_entries));
    page.gauge("sipsteer_call_table_capacity", "Most entries of the call table (calls.max).",
               static_cast<double>(gauges.call_table_capacity));
    page.gauge("sipsteer_pin_table_capacity", "Most entries of the pin table.",
               static_cast<double>(gauges.pin_table_capacity));
    page.counter("sipsteer_call_table_evictions_total", "Entries thrown out because the call table was full.",
                 static_cast<double>(gauges.call_table_evictions));
    page.counter("sipsteer_pin_table_evictions_total", "Entries thrown out because the pin table was full.",
                 static_cast<double>(gauges.pin_table_evictions));
    auto& refers =
        page.family("sipsteer_refers_total", "REFERs whose Refer-To names a dialog, by where that dialog is.",
                    MetricType::Counter);
    for (std::size_t i = 0; i < kReferOwnerWords.size(); ++i) {
        Page::add(refers, {{"owner", std::string(kReferOwnerWords[i])}},
                  static_cast<double>(gauges.refers[i]));
    }
    page.counter("sipsteer_auth_refused_total", "Credentials from outside that a server refused.",
                 static_cast<double>(gauges.auth_refused));
    page.gauge("sipsteer_key_persistent", "1 when the cluster key outlives the process.",
               gauges.key_persistent ? 1 : 0);
    page.counter("sipsteer_log_lines_lost_total", "Log lines lost because their reader was too slow.",
                 static_cast<double>(gauges.log_lines_lost));
    page.gauge("process_start_time_seconds", "Start time of the process, in seconds since 1970.",
               gauges.start_time_seconds);
    auto& build = page.family("sipsteer_build_info", "The version, as a label.", MetricType::Gauge);
    Page::add(build, {{"version", SIPSTEER_VERSION}}, 1);
}

}  // namespace

std::string render_metrics(Workers workers, const Gauges& gauges) {
    Page page;
    add_messages(page, workers);
    add_servers(page, workers, gauges);
    add_connections(page, workers);
    add_duration(page, workers);
    add_gauges(page, gauges);
    add_process(page, gauges.process);
    return page.text();
}

}  // namespace sipsteer
