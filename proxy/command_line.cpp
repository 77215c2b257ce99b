#include "proxy/command_line.hpp"

// GCC 12 takes the growth of a vector inside CLI11 for a null pointer.
#pragma GCC diagnostic ignored "-Wnull-dereference"
#include <CLI/CLI.hpp>
#include <sstream>
#include <utility>

#include "proxy/unknown_word.hpp"

namespace sipsteer {
namespace {

CLI::Option* add_file(CLI::App& command, std::string& file) {
    file = kDefaultConfigFile;
    return command.add_option("-c,--config", file, "Configuration file")
        ->capture_default_str()
        ->type_name("FILE");
}

}  // namespace

Command parse_command_line(int argc, const char* const* argv) {
    CLI::App app("Stateless SIP proxy that brings transfers to the server that owns the call.", "sipsteer");
    app.require_subcommand(1);
    app.set_version_flag("--version", "sipsteer " SIPSTEER_VERSION);

    RunCommand run;
    auto& run_app = *app.add_subcommand("run", "Run in the foreground, logs on standard error");
    auto* run_file = add_file(run_app, run.file);
    auto* listen = run_app.add_option("--listen", run.listen, "Where to listen, in place of a file")
                       ->type_name("[TRANSPORT:]IP:PORT")
                       ->expected(1)
                       ->take_all()
                       ->excludes(run_file);
    auto* servers = run_app.add_option("--server", run.servers, "A media server, in place of a file")
                        ->type_name("URI|HOST[:PORT]")
                        ->expected(1)
                        ->take_all()
                        ->excludes(run_file);
    listen->needs(servers);
    servers->needs(listen);

    CheckCommand check;
    auto& check_app = *app.add_subcommand("check", "Check a configuration: all errors, exit 0 or 1");
    add_file(check_app, check.file);
    check_app.add_flag("--json", check.json, "One JSON object");

    ExplainCommand explain;
    auto& explain_app =
        *app.add_subcommand("explain", "Say where the message on standard input would go, and why");
    add_file(explain_app, explain.file);
    explain_app.add_option("--from", explain.from, "Where it came from")->type_name("TRANSPORT:IP:PORT");
    explain_app.add_flag("--json", explain.json, "One JSON object");

    ConfigCommand config;
    auto& config_app =
        *app.add_subcommand("config", "Every key: type, unit, default, help, reloadable or not");
    auto& forms = *config_app.add_option_group("form");
    bool defaults = false;
    forms.add_flag("--default", defaults, "A commented TOML file");
    forms.add_flag("--schema", config.schema, "JSON Schema");
    forms.require_option(1);

    ImportKamailioCommand import;
    auto& import_app = *app.add_subcommand("import", "Turn another proxy's configuration into TOML");
    import_app.require_subcommand(1);
    auto& kamailio_app = *import_app.add_subcommand("kamailio", "A dispatcher.list");
    kamailio_app.add_option("--set", import.set, "Only this set of destinations")->type_name("N");
    kamailio_app.add_option("file", import.file, "The list; - is standard input")
        ->required()
        ->type_name("FILE");

    auto& version_app = *app.add_subcommand("version", "Print the version");

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        if (error.get_exit_code() != 0) {
            if (auto text = unknown_word(app, "command"); !text.empty())
                return UsageCommand{2, std::move(text)};
        }
        std::ostringstream out;
        std::ostringstream err;
        const int status = app.exit(error, out, err) == 0 ? 0 : 2;
        return UsageCommand{status, status == 0 ? out.str() : err.str()};
    }
    if (run_app.parsed()) {
        if (!run.servers.empty()) run.file.clear();
        return run;
    }
    if (check_app.parsed()) return check;
    if (explain_app.parsed()) return explain;
    if (config_app.parsed()) return config;
    if (version_app.parsed()) return VersionCommand{};
    return import;
}

}  // namespace sipsteer
