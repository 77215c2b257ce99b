#include "proxy/watch_api.hpp"

#include <boost/json.hpp>
#include <charconv>
#include <chrono>

#include "proxy/decision_log.hpp"
#include "proxy/log_line.hpp"

namespace sipsteer {
namespace {

namespace json = boost::json;

constexpr std::size_t kRecentCalls = 20;
constexpr std::size_t kTracedAtOnce = 100;

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

json::string text(std::string_view bytes) { return json::string(valid_utf8(bytes)); }

HttpResponse answer(const json::object& value) { return {.body = json::serialize(value) + "\n"}; }

std::optional<std::uint64_t> number_in(const HttpRequest& request, std::string_view name,
                                       std::uint64_t otherwise) {
    const auto value = request.query_value(name);
    if (!value) return otherwise;
    std::uint64_t number = 0;
    const auto [end, error] = std::from_chars(value->data(), value->data() + value->size(), number);
    if (error != std::errc{} || end != value->data() + value->size()) return std::nullopt;
    return number;
}

json::object to_json(const TransferStory& story) {
    json::array steps;
    for (const TransferStep& step : story.steps) {
        steps.push_back({{"after_ms", step.at_ms - story.began_ms},
                         {"message", text(step.message)},
                         {"from", step.from},
                         {"to", step.to},
                         {"reason", step.reason},
                         {"copies", step.copies}});
    }
    return {{"number", story.number},
            {"began_ms", story.began_ms},
            {"refer_call_id", text(story.refer_call_id)},
            {"replaced_call_id", text(story.replaced_call_id)},
            {"invite_call_id", text(story.invite_call_id)},
            {"referred_at", story.referred_at},
            {"owner", story.owner},
            {"reason", story.reason},
            {"server", story.server},
            {"status", story.status},
            {"steps", std::move(steps)}};
}

std::string_view what_word(Outcome::What what) {
    switch (what) {
        case Outcome::What::forwarded: return "forwarded";
        case Outcome::What::answered: return "answered";
        case Outcome::What::absorbed: return "absorbed";
        case Outcome::What::dropped: return "dropped";
        default: return "held";
    }
}

json::object to_json(const TracedMessage& message) {
    const bool sent = message.what == Outcome::What::forwarded || message.what == Outcome::What::answered;
    const bool dropped = message.what == Outcome::What::dropped;
    return {{"sequence", message.sequence},
            {"at_ms", message.at_ms},
            {"from", to_string(message.from)},
            {"from_server", message.from_server},
            {"to", sent ? to_string(message.to) : ""},
            {"to_server", message.to_server},
            {"outcome", what_word(message.what)},
            {"reason", std::string{to_string(message.reason)}},
            {"drop", dropped ? std::string{to_string(message.drop)} : ""},
            {"size", message.size},
            {"message", text(message.bytes)}};
}

}  // namespace

void WatchApi::add_public_routes(HttpRouter& router) {
    router.get("/api/v1/transfers", [this](const HttpRequest& request) { return transfers(request); });
}

void WatchApi::add_admin_routes(HttpRouter& router) {
    router.get("/api/v1/recent/{}",
               [this](const HttpRequest& request) { return recent(request.parameters.front()); });
    router.post("/api/v1/trace", [this](const HttpRequest& request) { return open_trace(request); });
    router.get("/api/v1/trace/{}", [this](const HttpRequest& request) { return poll_trace(request); });
}

HttpResponse WatchApi::transfers(const HttpRequest& request) const {
    const auto limit = number_in(request, "limit", TransferStories::kStories);
    if (!limit) return http_error(400, "limit: a number");
    json::array list;
    for (const TransferStory& story : watched_.transfers.list(*limit)) list.push_back(to_json(story));
    json::object refers;
    for (std::size_t i = 0; i < kReferOwnerWords.size(); ++i) {
        refers.emplace(json::string_view(kReferOwnerWords[i].data(), kReferOwnerWords[i].size()),
                       watched_.transfers.refers(static_cast<ReferOwner>(i)));
    }
    return answer({{"transfers", std::move(list)}, {"refers", std::move(refers)}});
}

HttpResponse WatchApi::recent(std::string_view call_id) const {
    const auto snapshot = snapshots_.get();
    const std::int64_t now = now_ms();
    json::array list;
    for (const RecentCalls::Call& call : watched_.calls.find(call_id, kRecentCalls)) {
        const auto index = snapshot->servers.by_id(call.server);
        list.push_back({{"seen_s_ago", (now - call.at_ms) / 1000},
                        {"server", index ? snapshot->servers[*index].name : "-"},
                        {"status", call.status},
                        {"from", text(call.from)},
                        {"to", text(call.to)}});
    }
    if (list.empty()) return http_error(404, "unknown");
    return answer({{"calls", std::move(list)}});
}

HttpResponse WatchApi::open_trace(const HttpRequest& request) {
    TraceFilter filter;
    if (const auto call_id = request.query_value("call_id")) {
        filter = {TraceFilter::What::call_id, *call_id};
    } else if (request.query_value("transfers")) {
        filter.what = TraceFilter::What::transfers;
    }
    const auto session = watched_.trace.open(filter, now_ms());
    if (!session) return http_error(503, "enough others trace already");
    wait_expiry();
    return answer({{"session", *session}});
}

HttpResponse WatchApi::poll_trace(const HttpRequest& request) {
    std::uint32_t session = 0;
    const std::string& name = request.parameters.front();
    std::from_chars(name.data(), name.data() + name.size(), session);
    const auto since = number_in(request, "since", 0);
    if (!since) return http_error(400, "since: a sequence number");
    const auto batch = watched_.trace.poll(session, *since, kTracedAtOnce, now_ms());
    if (!batch) return http_error(404, "unknown");
    json::array list;
    for (const TracedMessage& message : batch->messages) list.push_back(to_json(message));
    return answer({{"messages", std::move(list)}, {"next", batch->next}, {"lost", batch->lost}});
}

/// While anybody traces: so that workers do not go on for one who has gone.
void WatchApi::wait_expiry() {
    if (waiting_) return;
    waiting_ = true;
    timer_.expires_after(std::chrono::seconds{1});
    timer_.async_wait([this](const boost::system::error_code& error) {
        waiting_ = false;
        if (error) return;
        watched_.trace.expire(now_ms());
        if (watched_.trace.active()) wait_expiry();
    });
}

}  // namespace sipsteer
