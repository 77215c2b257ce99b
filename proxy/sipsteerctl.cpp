#include <fmt/format.h>

#include <algorithm>
#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <chrono>
#include <iostream>
#include <iterator>
#include <thread>
#include <variant>

#include "proxy/admin_socket.hpp"
#include "proxy/control_client.hpp"
#include "proxy/control_command_line.hpp"
#include "proxy/control_text.hpp"
#include "proxy/control_top.hpp"
#include "proxy/control_trace.hpp"
#include "proxy/drain_wait.hpp"
#include "proxy/explanation.hpp"

namespace {

using namespace sipsteer;

constexpr int kNo = 1;
constexpr int kNotReached = 2;
constexpr int kTimedOut = 3;

/// While a drained server's calls end.
constexpr std::chrono::milliseconds kLookAgain{500};

std::string percent_encoded(std::string_view text) {
    return boost::urls::encode({text.data(), text.size()}, boost::urls::unreserved_chars);
}

std::optional<std::string> text_for(ControlVerb verb, const std::string& body) {
    switch (verb) {
        case ControlVerb::servers: return servers_text(body);
        case ControlVerb::owner: return owners_text(body);
        case ControlVerb::registrar: return registrars_text(body);
        case ControlVerb::explain: {
            const auto explanation = explanation_from_json(body);
            if (!explanation) return std::nullopt;
            return to_text(*explanation);
        }
        case ControlVerb::drain:
        case ControlVerb::ready:
        case ControlVerb::maint: return state_text(body);
        case ControlVerb::reload: return reload_text(body);
        case ControlVerb::version: return version_text(body);
        case ControlVerb::top:
        case ControlVerb::trace:
        case ControlVerb::status: break;
    }
    return status_text(body);
}

tl::expected<ControlAnswer, std::string> say_state(const std::string& socket, std::string_view server,
                                                   std::string_view state) {
    return ask_proxy(socket, "POST", fmt::format("/api/v1/servers/{}/{}", percent_encoded(server), state));
}

tl::expected<ControlAnswer, std::string> ask(const ControlCommand& command, const std::string& socket) {
    switch (command.verb) {
        case ControlVerb::servers: return ask_proxy(socket, "GET", "/api/v1/servers");
        case ControlVerb::owner:
            return ask_proxy(socket, "GET", "/api/v1/owners/" + percent_encoded(command.call_id));
        case ControlVerb::registrar:
            return ask_proxy(socket, "GET", "/api/v1/registrars/" + percent_encoded(command.user));
        case ControlVerb::explain:
            return ask_proxy(socket, "POST", "/api/v1/explain?from=" + percent_encoded(command.from),
                             std::string{std::istreambuf_iterator<char>{std::cin}, {}});
        case ControlVerb::drain: return say_state(socket, command.server, "drain");
        case ControlVerb::ready: return say_state(socket, command.server, "ready");
        case ControlVerb::maint: return say_state(socket, command.server, "maint");
        case ControlVerb::reload: return ask_proxy(socket, "POST", "/api/v1/reload");
        case ControlVerb::top:
        case ControlVerb::trace:
        case ControlVerb::status:
        case ControlVerb::version: break;
    }
    return ask_proxy(socket, "GET", "/api/v1/status");
}

int not_reached(const std::string& socket, const std::string& why) {
    std::cerr << fmt::format(
        "sipsteerctl: no proxy at {}: {}\n"
        "  Does it run? Its socket is process.admin_socket of its configuration; name another one with "
        "-s SOCKET.\n",
        socket, why);
    return kNotReached;
}

/// `drain --wait`: returns when the server's last call has ended.
int wait_drained(const ControlCommand& command, const std::string& socket) {
    const auto deadline = std::chrono::steady_clock::now() + command.wait;
    for (;;) {
        const auto answer = ask_proxy(socket, "GET", "/api/v1/servers");
        if (!answer) return not_reached(socket, answer.error());
        const DrainState state = drain_state(answer->body, command.server);
        switch (state.what) {
            case DrainState::What::done: return 0;
            case DrainState::What::waiting: break;
            case DrainState::What::taken_back:
                std::cerr << fmt::format("sipsteerctl: {} does not drain any more\n", command.server);
                return kNo;
            case DrainState::What::gone:
                std::cerr << fmt::format("sipsteerctl: {} has gone\n", command.server);
                return kNo;
        }
        const auto left = deadline - std::chrono::steady_clock::now();
        if (left <= left.zero()) {
            std::cerr << fmt::format("sipsteerctl: {} still has {} calls\n", command.server, state.calls);
            return kTimedOut;
        }
        std::this_thread::sleep_for(std::min<std::chrono::nanoseconds>(left, kLookAgain));
    }
}

/// What the proxy still has in words about a call, behind what its tables say.
void print_recent(const ControlCommand& command, const std::string& socket) {
    const auto answer = ask_proxy(socket, "GET", "/api/v1/recent/" + percent_encoded(command.call_id));
    if (!answer || answer->status != 200) return;
    if (const auto text = recent_text(answer->body)) std::cout << '\n' << *text;
}

int execute(const ControlCommand& command) {
    const std::string socket = command.socket.empty() ? find_admin_socket() : command.socket;
    if (command.verb == ControlVerb::top) return run_top(command, socket);
    if (command.verb == ControlVerb::trace) return run_trace(command, socket);
    const bool version = command.verb == ControlVerb::version;
    if (version && !command.json) std::cout << "sipsteerctl  " SIPSTEER_VERSION "\n";  // also without a proxy
    const auto answer = ask(command, socket);
    if (!answer) return not_reached(socket, answer.error());
    if (answer->status != 200) {
        if (command.json) {
            std::cout << answer->body;
        } else {
            std::cerr << "sipsteerctl: " << error_text(answer->body) << '\n';
        }
        return kNo;
    }
    const auto text = command.json ? (version ? version_json(answer->body) : answer->body)
                                   : text_for(command.verb, answer->body);
    if (!text) {
        std::cerr << fmt::format(
            "sipsteerctl: {} is not the admin socket of a sipsteer that this program knows\n", socket);
        return kNotReached;
    }
    std::cout << *text << std::flush;
    if (command.verb == ControlVerb::owner && !command.json) print_recent(command, socket);
    return command.wait.count() > 0 ? wait_drained(command, socket) : 0;
}

struct Execute {
    int operator()(const ControlCommand& command) const { return execute(command); }
    int operator()(const UsageCommand& command) const {
        (command.status == 0 ? std::cout : std::cerr) << command.text;
        return command.status;
    }
};

}  // namespace

int main(int argc, char** argv) { return std::visit(Execute{}, parse_control_command_line(argc, argv)); }
