#include "proxy/statistics.hpp"

#include <algorithm>
#include <charconv>
#include <chrono>

#include "proxy/stat_json.hpp"
#include "proxy/worker.hpp"

namespace sipsteer {
namespace {

/// A decimal number and nothing else.
std::optional<std::uint64_t> number_of(std::string_view text) {
    std::uint64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

}  // namespace

Statistics::Statistics(boost::asio::io_context& context, const SnapshotCell& snapshots, const Tables& tables,
                       const std::vector<std::unique_ptr<Worker>>& workers)
    : snapshots_(snapshots), tables_(tables), workers_(workers), timer_(context) {}

void Statistics::start() {
    timer_.expires_after(std::chrono::seconds{0});
    wait();
}

void Statistics::add_routes(HttpRouter& router) {
    router.get("/api/v1/statistics", [this](const HttpRequest& request) { return answer(request); });
}

void Statistics::sample() {
    const auto snapshot = snapshots_.get();
    std::vector<ServerId> servers;
    std::vector<std::uint64_t> calls;
    for (const MediaServer& server : snapshot->servers.configured()) {
        servers.push_back(server.id);
        calls.push_back(
            static_cast<std::uint64_t>(std::max<std::int64_t>(tables_.calls.counts().of(server.id), 0)));
    }
    std::vector<const Counters*> counters;
    for (const auto& worker : workers_) counters.push_back(&worker->counters());
    history_.add(add_up(counters, servers), calls);
}

/// From the time that was due, not from now: a late second makes no drift.
void Statistics::wait() {
    timer_.async_wait([this](const boost::system::error_code& error) {
        if (error) return;
        sample();
        const auto due = timer_.expiry() + std::chrono::seconds{1};
        timer_.expires_at(std::max(due, std::chrono::steady_clock::now()));
        wait();
    });
}

/// `since`: the samples behind that number; `seconds`: the last ones; neither: all that are kept.
HttpResponse Statistics::answer(const HttpRequest& request) const {
    std::uint64_t since = 0;
    if (const auto text = request.query_value("since")) {
        const auto number = number_of(*text);
        if (!number) return http_error(400, "since: a sequence number");
        since = *number;
    } else if (const auto window = request.query_value("seconds")) {
        const auto number = number_of(*window);
        if (!number || *number == 0) return http_error(400, "seconds: a number above 0");
        since = history_.sequence() - std::min(*number, history_.sequence());
    }
    return {.body = statistics_json(history_, snapshots_.get()->servers, since)};
}

}  // namespace sipsteer
