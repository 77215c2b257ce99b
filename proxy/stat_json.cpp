#include "proxy/stat_json.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cmath>
#include <numeric>

namespace sipsteer {
namespace {

namespace json = boost::json;

constexpr std::array<std::string_view, kCodeClasses> kClassWords{"1xx", "2xx", "3xx", "4xx", "5xx", "6xx"};

json::string_view view(std::string_view text) { return {text.data(), text.size()}; }

template <class Numbers>
std::uint64_t sum(const Numbers& numbers) {
    return std::accumulate(numbers.begin(), numbers.end(), std::uint64_t{0});
}

template <std::size_t N>
json::object by_word(const std::array<std::uint64_t, N>& counts,
                     const std::array<std::string_view, N>& words) {
    json::object result;
    for (std::size_t i = 0; i < N; ++i) {
        if (counts[i] != 0) result.emplace(view(words[i]), counts[i]);
    }
    return result;
}

std::uint64_t ended(const StatFigures<std::uint64_t>& all) {
    return all.forwarded + all.answered + all.absorbed + sum(all.dropped);
}

json::object totals_of(const StatFigures<std::uint64_t>& all) {
    const auto kind = [&all](MessageKind which) { return all.received[static_cast<std::size_t>(which)]; };
    const std::uint64_t received = sum(all.received);
    return {{"received", received},
            {"requests", kind(MessageKind::request)},
            {"responses", kind(MessageKind::response)},
            {"invalid", kind(MessageKind::invalid)},
            {"forwarded", all.forwarded},
            {"answered", all.answered},
            {"absorbed", all.absorbed},
            {"dropped", sum(all.dropped)},
            {"in_hand", static_cast<std::int64_t>(received - ended(all))},
            {"decisions", by_word(all.decisions, kRouteReasonWords)},
            {"drops", by_word(all.dropped, kDropReasonWords)}};
}

using Samples = std::span<const StatSample* const>;

template <class Pick>
json::array column(Samples samples, Pick pick) {
    json::array result;
    result.reserve(samples.size());
    for (const StatSample* sample : samples) result.emplace_back(pick(*sample));
    return result;
}

/// A column for each word that any sample has.
template <std::size_t N, class Pick>
json::object columns(Samples samples, const std::array<std::string_view, N>& words, Pick pick) {
    json::object result;
    for (std::size_t i = 0; i < N; ++i) {
        if (std::ranges::none_of(samples, [&](const StatSample* s) { return pick(*s)[i] != 0; })) continue;
        result.emplace(view(words[i]), column(samples, [&](const StatSample& s) { return pick(s)[i]; }));
    }
    return result;
}

/// Microseconds with one decimal; null for a second without messages.
json::array quantiles(Samples samples, double quantile) {
    return column(samples, [quantile](const StatSample& s) -> json::value {
        if (sum(s.added.durations) == 0) return nullptr;
        return std::round(quantile_of(s.added.durations, quantile) * 1e7) / 10;
    });
}

json::object samples_of(Samples samples) {
    const auto kind = [&](MessageKind which) {
        return column(samples, [which](const StatSample& s) {
            return s.added.received[static_cast<std::size_t>(which)];
        });
    };
    return {{"received", column(samples, [](const StatSample& s) { return sum(s.added.received); })},
            {"requests", kind(MessageKind::request)},
            {"responses", kind(MessageKind::response)},
            {"invalid", kind(MessageKind::invalid)},
            {"forwarded", column(samples, [](const StatSample& s) { return s.added.forwarded; })},
            {"answered", column(samples, [](const StatSample& s) { return s.added.answered; })},
            {"absorbed", column(samples, [](const StatSample& s) { return s.added.absorbed; })},
            {"dropped", column(samples, [](const StatSample& s) { return sum(s.added.dropped); })},
            {"p50_us", quantiles(samples, 0.5)},
            {"p90_us", quantiles(samples, 0.9)},
            {"p99_us", quantiles(samples, 0.99)},
            {"decisions",
             columns(
                 samples, kRouteReasonWords, [](const StatSample& s) -> auto& { return s.added.decisions; })},
            {"drops",
             columns(
                 samples, kDropReasonWords, [](const StatSample& s) -> auto& { return s.added.dropped; })}};
}

json::object server_of(const MediaServer& server, Samples samples) {
    static const StatSample::Server kNothing{};
    const auto find = [id = server.id](const StatSample& sample) -> const StatSample::Server& {
        const auto found = std::ranges::find_if(
            sample.servers, [id](const StatSample::Server& entry) { return entry.added.id == id; });
        return found == sample.servers.end() ? kNothing : *found;
    };
    json::object answers;
    for (std::size_t i = 0; i < kCodeClasses; ++i) {
        answers.emplace(view(kClassWords[i]),
                        column(samples, [&](const StatSample& s) { return find(s).added.answers[i]; }));
    }
    return {{"name", server.name},
            {"calls", column(samples, [&](const StatSample& s) { return find(s).calls; })},
            {"received", column(samples, [&](const StatSample& s) { return find(s).added.received; })},
            {"sent", column(samples, [&](const StatSample& s) { return find(s).added.sent; })},
            {"invites", column(samples, [&](const StatSample& s) { return find(s).added.invites; })},
            {"answers", std::move(answers)}};
}

}  // namespace

std::string statistics_json(const StatHistory& history, const ServerSet& servers, std::uint64_t since) {
    std::vector<const StatSample*> samples;
    for (const StatSample& sample : history.samples()) {
        if (sample.sequence > since) samples.push_back(&sample);
    }
    json::array list;
    for (const MediaServer& server : servers.configured()) {
        if (list.size() == StatHistory::kServers) break;
        list.push_back(server_of(server, samples));
    }
    const json::object body{{"sequence", history.sequence()}, {"interval_s", 1},
                            {"kept", StatHistory::kSamples},  {"totals", totals_of(history.totals().all)},
                            {"samples", samples_of(samples)}, {"servers", std::move(list)}};
    return json::serialize(body) + "\n";
}

}  // namespace sipsteer
