#include "proxy/control_command_line.hpp"

// GCC 12 takes the growth of a vector inside CLI11 for a null pointer.
#pragma GCC diagnostic ignored "-Wnull-dereference"
#include <CLI/CLI.hpp>
#include <sstream>
#include <utility>

#include "proxy/config_values.hpp"
#include "proxy/unknown_word.hpp"

namespace sipsteer {
std::variant<ControlCommand, UsageCommand> parse_control_command_line(int argc, const char* const* argv) {
    CLI::App app("Looks into a running sipsteer through its admin socket.", "sipsteerctl");
    app.require_subcommand(1);
    app.fallthrough();  // -s and -o may stand behind the verb as well
    app.footer(
        "Exit status: 0; 1 for \"no\" (unknown Call-ID or server, refused); 2 when the proxy cannot be "
        "reached; "
        "3 when a wait times out, or a trace saw nothing.");

    ControlCommand command;
    std::string format = "text";
    app.add_option("-s,--socket", command.socket, "process.admin_socket of the proxy")->type_name("SOCKET");
    app.add_option("-o,--output", format, "text for people, json for scripts")
        ->check(CLI::IsMember({"text", "json"}))
        ->type_name("text|json");

    const auto verb = [&app, &command](const char* name, const char* help, ControlVerb value) {
        CLI::App* sub = app.add_subcommand(name, help);
        sub->callback([&command, value] { command.verb = value; });
        return sub;
    };
    verb("status", "Version, uptime and tables", ControlVerb::status);
    verb("servers", "The servers: state, health, calls", ControlVerb::servers);
    verb("owner", "Which server owns a call", ControlVerb::owner)
        ->add_option("call-id", command.call_id)
        ->required()
        ->type_name("CALL-ID");
    verb("registrar", "Which server a user is registered at", ControlVerb::registrar)
        ->add_option("user", command.user)
        ->required()
        ->type_name("USER");
    verb("explain", "Where the message on standard input would go now, and why", ControlVerb::explain)
        ->add_option("--from", command.from, "Where it came from")
        ->type_name("TRANSPORT:IP:PORT");
    CLI::App* const drain =
        verb("drain", "No new calls for that server; what it owns goes on", ControlVerb::drain);
    std::string wait;
    drain->add_option("--wait", wait, "Return when its last call has ended; 3 after this long")
        ->check([](const std::string& text) {
            const auto duration = parse_duration(text);
            return duration ? std::string{} : duration.error();
        })
        ->type_name("30m");
    CLI::App* const ready = verb("ready", "New calls again; takes drain and maint back", ControlVerb::ready);
    CLI::App* const maint =
        verb("maint", "As drain, and neither transfers nor health checks", ControlVerb::maint);
    for (CLI::App* const sub : {drain, ready, maint})
        sub->add_option("name", command.server)->required()->type_name("NAME");
    verb("reload", "Read the configuration file again; says what has changed", ControlVerb::reload);
    verb("top", "Rates, answers, transfers, latency and drops, each second", ControlVerb::top)
        ->add_flag("--once", command.once, "One look and no more");
    CLI::App* const trace =
        verb("trace", "Messages as they pass, and what was decided about them", ControlVerb::trace);
    CLI::Option* const call =
        trace->add_option("--call-id", command.call_id, "Of this call alone")->type_name("CALL-ID");
    trace
        ->add_flag("--replaces", command.transfers,
                   "What belongs to transfers: REFER, NOTIFY, INVITE, answers")
        ->excludes(call);
    std::string duration;
    trace->add_option("--for", duration, "How long; else until Ctrl-C")
        ->check([](const std::string& text) {
            const auto parsed = parse_duration(text);
            return parsed ? std::string{} : parsed.error();
        })
        ->type_name("60s");
    verb("version", "Versions of this program and of the proxy", ControlVerb::version);

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() != 0) {
            // The verbs of the contract that are not there yet too: a script must not take them for done.
            if (auto text = unknown_word(app, "verb"); !text.empty())
                return UsageCommand{kControlUsage, std::move(text)};
        }
        std::ostringstream out;
        std::ostringstream err;
        const int status = app.exit(error, out, err) == 0 ? 0 : kControlUsage;
        return UsageCommand{status, status == 0 ? out.str() : err.str()};
    }
    command.json = format == "json";
    if (!wait.empty()) command.wait = *parse_duration(wait);
    if (!duration.empty()) command.duration = *parse_duration(duration);
    return command;
}

}  // namespace sipsteer
