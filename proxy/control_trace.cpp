#include "proxy/control_trace.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <boost/json.hpp>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <chrono>
#include <iostream>
#include <optional>
#include <thread>

#include "proxy/control_client.hpp"
#include "proxy/control_text.hpp"

namespace sipsteer {
namespace {

namespace json = boost::json;

constexpr int kNo = 1;
constexpr int kNotReached = 2;
constexpr int kTimedOut = 3;
constexpr std::chrono::milliseconds kPollPause{200};

std::string_view string_in(const json::value& object, const char* name) {
    const json::string& text = object.at(name).as_string();
    return {text.data(), text.size()};
}

std::string party(const json::value& message, const char* address, const char* server) {
    const std::string_view name = string_in(message, server);
    const std::string_view where = string_in(message, address);
    if (where.empty()) return "nowhere";
    return name.empty() ? std::string{where} : fmt::format("{} ({})", name, where);
}

/// What a terminal would obey is shown instead; line ends become line feeds.
std::string shown(std::string_view message) {
    std::string text = "    ";
    for (const char c : message) {
        const auto byte = static_cast<unsigned char>(c);
        if (c == '\n') {
            text += "\n    ";
        } else if (c != '\r' && ((byte < 0x20 && c != '\t') || byte == 0x7f)) {
            text += fmt::format("\\x{:02x}", byte);
        } else if (c != '\r') {
            text += c;
        }
    }
    while (text.ends_with(' ') || text.ends_with('\n')) text.pop_back();
    return text + "\n\n";
}

std::string text_of(const json::value& message) {
    const auto at = message.at("at_ms").to_number<std::int64_t>();
    const std::time_t seconds = static_cast<std::time_t>(at / 1000);
    const std::string_view drop = string_in(message, "drop");
    std::string text = fmt::format("{:%H:%M:%S}.{:03} {} -> {}  {} {}{}\n", fmt::gmtime(seconds), at % 1000,
                                   party(message, "from", "from_server"), party(message, "to", "to_server"),
                                   string_in(message, "outcome"), string_in(message, "reason"),
                                   drop.empty() ? "" : fmt::format(" ({})", drop));
    const std::string_view bytes = string_in(message, "message");
    text += shown(bytes);
    const auto size = message.at("size").to_number<std::size_t>();
    if (size > bytes.size()) text += fmt::format("    ({} bytes in all)\n\n", size);
    return text;
}

std::string session_target(const ControlCommand& command) {
    if (!command.call_id.empty()) {
        return "/api/v1/trace?call_id=" +
               boost::urls::encode(boost::json::string_view{command.call_id}, boost::urls::unreserved_chars);
    }
    return command.transfers ? "/api/v1/trace?transfers=1" : "/api/v1/trace";
}

/// The answer's JSON; what went wrong as an exit status, told on standard error.
tl::expected<json::value, int> ask(const std::string& socket, std::string_view method,
                                   const std::string& target) {
    const auto answer = ask_proxy(socket, method, target);
    if (!answer) {
        std::cerr << fmt::format("sipsteerctl: no proxy at {}: {}\n", socket, answer.error());
        return tl::unexpected(kNotReached);
    }
    if (answer->status != 200) {
        std::cerr << "sipsteerctl: " << error_text(answer->body) << '\n';
        return tl::unexpected(kNo);
    }
    boost::system::error_code failure;
    json::value value = json::parse(answer->body, failure);
    if (!failure) return value;
    std::cerr << fmt::format("sipsteerctl: {} is not the admin socket of a sipsteer\n", socket);
    return tl::unexpected(kNotReached);
}

}  // namespace

std::string trace_text(std::string_view message) {
    try {
        return text_of(json::parse({message.data(), message.size()}));
    } catch (const std::exception&) {
        return {};
    }
}

int run_trace(const ControlCommand& command, const std::string& socket) {
    const auto begin = std::chrono::steady_clock::now();
    const auto session = ask(socket, "POST", session_target(command));
    if (!session) return session.error();
    try {
        const std::string target =
            fmt::format("/api/v1/trace/{}?since=", json::serialize(session->at("session")));
        std::uint64_t since = 0;
        std::optional<std::uint64_t> lost;  // what was lost before is not ours
        bool any = false;
        for (;;) {
            const bool over =
                command.duration.count() > 0 && std::chrono::steady_clock::now() - begin >= command.duration;
            const auto batch = ask(socket, "GET", target + std::to_string(since));
            if (!batch) return batch.error();
            const auto next = batch->at("next").to_number<std::uint64_t>();
            for (const json::value& message : batch->at("messages").as_array()) {
                std::cout << (command.json ? json::serialize(message) + "\n" : text_of(message));
                any = true;
            }
            std::cout << std::flush;
            const auto now_lost = batch->at("lost").to_number<std::uint64_t>();
            if (now_lost > lost.value_or(now_lost)) {
                std::cerr << fmt::format("sipsteerctl: {} messages were too many to show\n",
                                         now_lost - *lost);
            }
            lost = now_lost;
            if (!std::cout) return 0;
            if (over && next == since) return any ? 0 : kTimedOut;
            if (next == since) std::this_thread::sleep_for(kPollPause);
            since = next;
        }
    } catch (const std::exception&) {
        std::cerr << fmt::format("sipsteerctl: {} is not the admin socket of a sipsteer\n", socket);
        return kNotReached;
    }
}

}  // namespace sipsteer
