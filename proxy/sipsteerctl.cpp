#include <fmt/format.h>

#include <boost/url/encode.hpp>
#include <boost/url/rfc/unreserved_chars.hpp>
#include <iostream>
#include <iterator>
#include <variant>

#include "proxy/admin_socket.hpp"
#include "proxy/control_client.hpp"
#include "proxy/control_command_line.hpp"
#include "proxy/control_text.hpp"
#include "proxy/explanation.hpp"

namespace {

using namespace sipsteer;

constexpr int kNo = 1;
constexpr int kNotReached = 2;

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
        case ControlVerb::version: return version_text(body);
        case ControlVerb::status: break;
    }
    return status_text(body);
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
        case ControlVerb::status:
        case ControlVerb::version: break;
    }
    return ask_proxy(socket, "GET", "/api/v1/status");
}

int execute(const ControlCommand& command) {
    const std::string socket = command.socket.empty() ? find_admin_socket() : command.socket;
    const bool version = command.verb == ControlVerb::version;
    if (version && !command.json) std::cout << "sipsteerctl  " SIPSTEER_VERSION "\n";  // also without a proxy
    const auto answer = ask(command, socket);
    if (!answer) {
        std::cerr << fmt::format(
            "sipsteerctl: no proxy at {}: {}\n"
            "  Does it run? Its socket is process.admin_socket of its configuration; name another one with "
            "-s SOCKET.\n",
            socket, answer.error());
        return kNotReached;
    }
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
    std::cout << *text;
    return 0;
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
