#include "proxy/control_top.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cmath>
#include <iostream>
#include <thread>

#include "proxy/control_client.hpp"
#include "proxy/control_text.hpp"

namespace sipsteer {
namespace {

namespace json = boost::json;

constexpr int kNo = 1;
constexpr int kNotReached = 2;
constexpr std::size_t kRateSeconds = 5;

/// Clear the screen and go to its top left (ECMA-48 ED, CUP).
constexpr std::string_view kClear = "\x1b[H\x1b[2J";

/// The last `seconds` numbers of a column.
std::vector<double> last(const json::value& column, std::size_t seconds) {
    std::vector<double> result;
    const json::array& all = column.as_array();
    for (std::size_t i = all.size() - std::min(seconds, all.size()); i < all.size(); ++i) {
        if (!all[i].is_null()) result.push_back(all[i].to_number<double>());
    }
    return result;
}

double sum(const json::value& column, std::size_t seconds) {
    double total = 0;
    for (const double value : last(column, seconds)) total += value;
    return total;
}

double rate(const json::value& column) {
    const auto values = last(column, kRateSeconds);
    return values.empty() ? 0 : sum(column, kRateSeconds) / static_cast<double>(values.size());
}

std::string percentile(const json::value& column) {
    const auto values = last(column, kRateSeconds);
    return values.empty() ? "-" : fmt::format("{:.1f}", *std::ranges::max_element(values));
}

std::string uptime(std::int64_t seconds) {
    return fmt::format("{}d {:02}:{:02}:{:02}", seconds / 86400, seconds / 3600 % 24, seconds / 60 % 60,
                       seconds % 60);
}

/// The words of `columns` that begin with `prefix`, with what they had in the last minute.
std::string words(const json::object& columns, std::string_view prefix) {
    std::string text;
    for (const auto& [word, column] : columns) {
        if (!word.starts_with({prefix.data(), prefix.size()})) continue;
        text += fmt::format("  {} {:.0f}", std::string_view{word.data(), word.size()}, sum(column, 60));
    }
    return text.empty() ? "  none" : text;
}

std::string cell(const json::object& object, std::string_view name) {
    const json::value* value = object.if_contains({name.data(), name.size()});
    if (value == nullptr || !value->is_number()) return "-";
    const double number = value->to_number<double>();
    return number > 0 ? fmt::format("{:.1f}", number) : "-";
}

std::string servers_table(const json::array& servers, const json::array& figures) {
    std::string text = fmt::format(
        "{:<20} {:<12} {:>7} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>7} {:>8}\n", "SERVER", "STATE",
        "CALLS", "INVITE/S", "MSG/S", "1XX", "2XX", "3XX", "4XX", "5XX", "6XX", "RTT MS");
    for (const json::value& each : servers) {
        const json::object& server = each.as_object();
        const auto found = std::ranges::find_if(
            figures, [&](const json::value& one) { return one.at("name") == server.at("name"); });
        const std::string state{server.at("state").as_string()};
        text += fmt::format("{:<20.20} {:<12} {:>7}", std::string_view{server.at("name").as_string()},
                            server.at("up").as_bool() ? state : state + " DOWN",
                            server.at("calls").to_number<std::int64_t>());
        if (found == figures.end()) {
            text += "\n";
            continue;
        }
        text += fmt::format(" {:>9.1f} {:>7.1f}", rate(found->at("invites")),
                            rate(found->at("sent")) + rate(found->at("received")));
        for (const char* name : {"1xx", "2xx", "3xx", "4xx", "5xx", "6xx"}) {
            text += fmt::format(" {:>7.0f}", sum(found->at("answers").at(name), 60));
        }
        text += fmt::format(" {:>8}\n", cell(server, "rtt_ms"));
    }
    return text;
}

struct Look {
    std::string status;
    std::string servers;
    std::string statistics;
};

/// Asks for all three; what went wrong as an exit status, told on standard error.
tl::expected<Look, int> look(const std::string& socket) {
    Look look;
    for (const auto& [target, body] : {std::pair{"/api/v1/status", &look.status},
                                       {"/api/v1/servers", &look.servers},
                                       {"/api/v1/statistics?seconds=60", &look.statistics}}) {
        const auto answer = ask_proxy(socket, "GET", target);
        if (!answer) {
            std::cerr << fmt::format("sipsteerctl: no proxy at {}: {}\n", socket, answer.error());
            return tl::unexpected(kNotReached);
        }
        if (answer->status != 200) {
            std::cerr << "sipsteerctl: " << error_text(answer->body) << '\n';
            return tl::unexpected(kNo);
        }
        *body = answer->body;
        while (!body->empty() && body->back() == '\n') body->pop_back();
    }
    return look;
}

}  // namespace

std::optional<std::string> top_text(std::string_view status_json, std::string_view servers_json,
                                    std::string_view statistics_json) {
    try {
        const auto parse = [](std::string_view text) { return json::parse({text.data(), text.size()}); };
        const json::value status = parse(status_json);
        const json::value servers = parse(servers_json);
        const json::value statistics = parse(statistics_json);
        const json::value& samples = statistics.at("samples");
        std::string text = fmt::format("sipsteer {}   up {}   {} workers   {} calls in the table\n",
                                       std::string_view{status.at("version").as_string()},
                                       uptime(status.at("uptime_s").to_number<std::int64_t>()),
                                       status.at("workers").to_number<std::int64_t>(),
                                       status.at("call_table_entries").to_number<std::int64_t>());
        text += fmt::format(
            "messages/s   {:.1f} in   {:.1f} forwarded   {:.1f} answered   {:.1f} absorbed   {:.1f} "
            "dropped\n",
            rate(samples.at("received")), rate(samples.at("forwarded")), rate(samples.at("answered")),
            rate(samples.at("absorbed")), rate(samples.at("dropped")));
        text += fmt::format("inside, us   p50 {}   p90 {}   p99 {}\n", percentile(samples.at("p50_us")),
                            percentile(samples.at("p90_us")), percentile(samples.at("p99_us")));
        text +=
            "transfers  " + words(samples.at("decisions").as_object(), "transfer_") + "   (last minute)\n";
        text += "dropped    " + words(samples.at("drops").as_object(), "") + "   (last minute)\n\n";
        return text + servers_table(servers.at("servers").as_array(), statistics.at("servers").as_array());
    } catch (const std::exception&) {
        return std::nullopt;
    }
}

int run_top(const ControlCommand& command, const std::string& socket) {
    for (;;) {
        const auto seen = look(socket);
        if (!seen) return seen.error();
        if (command.json) {
            std::cout << fmt::format(R"({{"status":{},"servers":{},"statistics":{}}})", seen->status,
                                     seen->servers, seen->statistics)
                      << std::endl;
        } else {
            const auto text = top_text(seen->status, seen->servers, seen->statistics);
            if (!text) {
                std::cerr << fmt::format("sipsteerctl: {} is not the admin socket of a sipsteer\n", socket);
                return kNotReached;
            }
            std::cout << (command.once ? "" : kClear) << *text << std::flush;
        }
        if (command.once || !std::cout) return 0;
        std::this_thread::sleep_for(std::chrono::seconds{1});
    }
}

}  // namespace sipsteer
