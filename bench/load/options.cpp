#include "bench/load/options.hpp"

#include <CLI/CLI.hpp>
#include <cstdlib>
#include <map>

namespace sipsteer::load {
namespace {

constexpr unsigned kMaxPhones = 4000;  // connections of one process

void add_address(CLI::App& app, const std::string& name, Address& address, const std::string& help) {
    app.add_option_function<std::string>(
           name,
           [&address, name](const std::string& text) {
               const auto parsed = parse_address(text);
               if (!parsed) throw CLI::ValidationError(name, "wants ADDRESS:PORT, IPv4");
               address = *parsed;
           },
           help)
        ->default_str(to_string(address));
}

}  // namespace

const char* to_string(Mode mode) noexcept {
    switch (mode) {
        case Mode::calls: return "calls";
        case Mode::one_way: return "one-way";
        case Mode::transfers: return "transfers";
    }
    return "";
}

const char* to_string(Wire wire) noexcept {
    switch (wire) {
        case Wire::udp: return "udp";
        case Wire::tcp: return "tcp";
        case Wire::tls: return "tls";
    }
    return "";
}

Options parse_options(int argc, char** argv) {
    Options options;
    CLI::App app{
        "Plays phones and media servers around a SIP proxy, in one thread, and checks what comes through."};
    app.option_defaults()->always_capture_default();
    const std::map<std::string, Mode> modes{
        {"calls", Mode::calls}, {"one-way", Mode::one_way}, {"transfers", Mode::transfers}};
    const std::map<std::string, Middle> middles{{"proxy", Middle::proxy}, {"relay", Middle::relay}};
    app.add_option("--mode", options.mode, "calls, one-way or transfers")
        ->transform(CLI::CheckedTransformer(modes))
        ->default_str("calls");
    app.add_option("--middle", options.middle, "what is checked: proxy, or relay (passes bytes unchanged)")
        ->transform(CLI::CheckedTransformer(middles))
        ->default_str("proxy");
    const std::map<std::string, Wire> wires{{"udp", Wire::udp}, {"tcp", Wire::tcp}, {"tls", Wire::tls}};
    app.add_option("--transport", options.wire, "udp, tcp or tls; a connection for each phone")
        ->transform(CLI::CheckedTransformer(wires))
        ->default_str("udp");
    app.add_option("--certificate", options.certificate, "TLS: PEM file, for all ends")
        ->check(CLI::ExistingFile);
    app.add_option("--private-key", options.private_key, "TLS: PEM file")->check(CLI::ExistingFile);
    add_address(app, "--proxy", options.proxy, "where the phones send");
    add_address(app, "--phone", options.first_phone, "first phone; the others have the addresses behind it");
    add_address(app, "--server", options.first_server,
                "first server; the others have the addresses behind it");
    app.add_option("--phones", options.phones, "number of phones")->check(CLI::Range(1U, kMaxPhones));
    app.add_option("--servers", options.servers, "number of servers")->check(CLI::Range(1U, 250U));
    app.add_option("--in-flight", options.in_flight, "closed loop: calls at a time")
        ->check(CLI::Range(1U, 100000U));
    app.add_option("--rate", options.rate, "open loop: calls begun in a second; 0: closed loop")
        ->check(CLI::Range(0.0, 1e6));
    app.add_option("--calls", options.calls,
                   "end after so many calls, none of them warm-up; 0: by time alone");
    app.add_option("--seconds", options.seconds, "measured time, at most")->check(CLI::Range(0.1, 3600.0));
    app.add_option("--warm-up", options.warm_up, "seconds before it, not measured")
        ->check(CLI::Range(0.0, 600.0));
    app.add_option("--settle", options.settle, "seconds before the first call, for the proxy's health checks")
        ->check(CLI::Range(0.0, 60.0));
    app.add_option("--give-up", options.give_up, "a call that takes longer than these seconds is lost")
        ->check(CLI::Range(0.5, 60.0));
    app.add_option("--vias", options.vias, "Via values in a phone's request")->check(CLI::Range(1U, 8U));
    app.add_option("--sdp", options.sdp_bytes, "bytes of SDP, about")->check(CLI::Range(150U, 6000U));
    app.add_option("--target", options.target,
                   "process whose CPU time, with its children's, is read; 0: none");
    app.add_option("--json", options.json, "file for the result as JSON; -: in place of the text");
    try {
        app.parse(argc, argv);
        if (options.calls != 0) {  // all of them are measured
            if (app.count("--warm-up") == 0) options.warm_up = 0;
            if (app.count("--seconds") == 0) options.seconds = 60;
        }
    } catch (const CLI::ParseError& error) {
        std::exit(app.exit(error));
    }
    return options;
}

}  // namespace sipsteer::load
