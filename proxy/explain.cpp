#include "proxy/explain.hpp"

#include <istream>
#include <iterator>
#include <ostream>

#include "proxy/config_loader.hpp"
#include "proxy/decision_log.hpp"
#include "proxy/key_file.hpp"
#include "proxy/next_hop_names.hpp"
#include "proxy/receive_batch.hpp"
#include "proxy/server_names.hpp"
#include "proxy/snapshot_builder.hpp"
#include "proxy/worker.hpp"

namespace sipsteer {
namespace {

std::string_view outcome_word(Outcome::What what) noexcept {
    switch (what) {
        case Outcome::What::forwarded: return "forwarded";
        case Outcome::What::answered: return "answered";
        case Outcome::What::absorbed: return "absorbed";
        case Outcome::What::dropped: return "dropped";
        case Outcome::What::nothing:
        case Outcome::What::held:
        case Outcome::What::probe_answer: break;
    }
    return "nothing";
}

/// The first listener that such a message could arrive at.
ListenerIndex listener_for(const Snapshot& snapshot, const Endpoint& from) {
    const bool server = snapshot.server_behind(from).has_value();
    return snapshot.local.sender(from, server, 0).value_or(0);
}

/// An address of the documentation range: certainly no server (RFC 5737).
constexpr std::string_view kSomeoneOutside = "udp:192.0.2.1:5060";

}  // namespace

Explanation explain(const Snapshot& snapshot, Tables& tables, std::string_view message, const Endpoint& from,
                    Seconds now, const AskDns& ask_dns) {
    Counters counters;
    Pipeline pipeline{tables, counters, 0, Learning::off};
    DecisionSteps steps;
    std::string buffer(kMaxDatagram, '\0');
    const Incoming incoming{message, from, listener_for(snapshot, from)};
    Outcome outcome = pipeline.process(snapshot, incoming, now, buffer, &steps);
    if (outcome.what == Outcome::What::held) {
        if (const NameQuestion* const name = pipeline.questions().name_of(outcome.question)) {
            if (ask_dns) ask_dns(*name);
            if (!ask_dns) steps.add("below is what happens when it does not answer");
        } else {
            steps.add("the servers are asked", "below is what happens when none of them knows the dialog");
        }
        const auto held = pipeline.questions().take_settled(snapshot, Milliseconds::max());
        outcome = pipeline.release(snapshot, held->request, {.asked = true}, now, buffer, &steps);
    }

    Explanation explanation;
    explanation.outcome = outcome_word(outcome.what);
    if (outcome.what != Outcome::What::nothing) explanation.reason = to_string(outcome.reason);
    if (outcome.server) explanation.server = snapshot.servers[*outcome.server].name;
    explanation.steps = steps.all();
    if (outcome.what == Outcome::What::dropped)
        explanation.steps.push_back("dropped: " + std::string{to_string(outcome.drop)});
    if (outcome.sends()) {
        explanation.next_hop = to_string(outcome.to);
        buffer.resize(outcome.size);
        explanation.message = std::move(buffer);
    }
    return explanation;
}

Parsed<Endpoint> explain_source(std::string_view text) {
    const auto from = parse_bind_address(text.empty() ? kSomeoneOutside : text);
    if (!from) return tl::unexpected(from.error());
    return Endpoint{from->address, from->port, from->transport};
}

std::string with_crlf(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 16);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) out += '\r';
        out += text[i];
    }
    return out;
}

int run_explain(const ExplainCommand& command, std::istream& in, std::ostream& out, std::ostream& err) {
    const LoadedConfig loaded = load_config(command.file);
    for (const ConfigError& error : loaded.errors) err << to_string(error) << '\n';
    if (!loaded.ok()) return 1;
    const auto from = explain_source(command.from);
    if (!from) {
        err << "--from: " << from.error() << '\n';
        return 1;
    }
    const ClusterSecret secret = load_cluster_secret(loaded.config.process, false);
    if (!secret.persistent()) {
        err << "no key file can be read: a running proxy may place calls on another server than shown here\n";
    }
    boost::asio::io_context context{1};
    const BuiltSnapshot built =
        build_snapshot(loaded.config, ClusterKey::derive(secret.secret),
                       resolve_now(context, server_names(loaded.config), kResolveAtStart));
    const std::string message = with_crlf(std::string{std::istreambuf_iterator<char>{in}, {}});
    Tables tables{1024};
    const auto ask_dns = [&](const NameQuestion& question) {
        look_up_now(tables.hops, host_name(question, built.snapshot->local), question.name, kResolveAtStart);
    };
    const Explanation explanation =
        explain(*built.snapshot, tables, message, *from, seconds_since_boot(), ask_dns);
    out << (command.json ? to_json(explanation) : to_text(explanation));
    return 0;
}

}  // namespace sipsteer
