#include "bench/load/report.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace sipsteer::load {
namespace {

namespace json = boost::json;

double per_message(double seconds, const Result& result) {
    const auto messages = static_cast<double>(result.counts.messages);
    return messages > 0 ? seconds * 1e6 / messages : 0;
}

double microseconds(Time time) { return static_cast<double>(time) / 1e3; }

double per_second(std::uint64_t count, const Result& result) {
    return result.seconds > 0 ? static_cast<double>(count) / result.seconds : 0;
}

json::object latency(const Histogram& histogram) {
    return {{"count", histogram.count()},
            {"p50", microseconds(histogram.percentile(0.5))},
            {"p90", microseconds(histogram.percentile(0.9))},
            {"p99", microseconds(histogram.percentile(0.99))},
            {"p999", microseconds(histogram.percentile(0.999))},
            {"max", microseconds(histogram.max())}};
}

std::string latency_line(std::string_view name, const Histogram& histogram) {
    if (histogram.count() == 0) return {};
    return fmt::format("{}  p50 {:.0f} us, p90 {:.0f}, p99 {:.0f}, p99.9 {:.0f}, max {:.0f}\n", name,
                       microseconds(histogram.percentile(0.5)), microseconds(histogram.percentile(0.9)),
                       microseconds(histogram.percentile(0.99)), microseconds(histogram.percentile(0.999)),
                       microseconds(histogram.max()));
}

json::object cpu(const ProcessCpu& used, const Result& result) {
    return {{"user_us_per_message", per_message(used.user_seconds, result)},
            {"system_us_per_message", per_message(used.system_seconds, result)},
            {"us_per_message", per_message(used.user_seconds + used.system_seconds, result)},
            {"user_seconds", used.user_seconds},
            {"system_seconds", used.system_seconds},
            {"threads", used.threads},
            {"processes", used.processes},
            {"resident_bytes", used.resident_bytes}};
}

json::object faults(const Faults& all) {
    json::object out;
    for (unsigned i = 0; i < static_cast<unsigned>(Fault::count_); ++i) {
        const auto fault = static_cast<Fault>(i);
        if (all.count(fault) != 0) out[to_string(fault)] = all.count(fault);
    }
    return out;
}

}  // namespace

std::string to_json(const Options& options, const Result& result) {
    const Counts& counts = result.counts;
    const json::object out{
        {"mode", to_string(options.mode)},
        {"transport", to_string(options.wire)},
        {"loop", options.rate > 0 ? "open" : "closed"},
        {"rate", options.rate},
        {"in_flight", options.in_flight},
        {"phones", options.phones},
        {"servers", options.servers},
        {"seconds", result.seconds},
        {"messages", counts.messages},
        {"messages_per_second", per_second(counts.messages, result)},
        {"bytes_per_message",
         counts.messages > 0 ? static_cast<double>(counts.bytes) / static_cast<double>(counts.messages) : 0},
        {"invite_bytes", result.invite_bytes},
        {"calls",
         {{"begun", counts.begun}, {"completed", counts.completed}, {"not_begun", counts.not_begun}}},
        {"transfers", counts.transfers},
        {"lost_calls", result.lost},
        {"again", {{"INVITE", counts.invites_again}, {"200", counts.oks_again}, {"BYE", counts.byes_again}}},
        {"late", counts.late},
        {"reordered", counts.reordered},
        {"options_answered", counts.options},
        {"refused", result.refused},
        {"faults", faults(result.faults)},
        {"first_fault", result.faults.first()},
        {"latency_us", {{"one_way", latency(result.one_way)}, {"set_up", latency(result.set_up)}}},
        {"target", cpu(result.target, result)},
        {"generator", cpu(result.generator, result)}};
    return json::serialize(out) + "\n";
}

std::string to_text(const Options& options, const Result& result) {
    const Counts& counts = result.counts;
    std::string out = fmt::format("{} over {}, {}; {} phones, {} servers; INVITE of {} bytes\n",
                                  to_string(options.mode), to_string(options.wire),
                                  options.rate > 0 ? fmt::format("{:.0f} calls/s", options.rate)
                                                   : fmt::format("{} calls at a time", options.in_flight),
                                  options.phones, options.servers, result.invite_bytes);
    out += fmt::format("messages  {} in {:.2f} s ({:.0f}/s)\n", counts.messages, result.seconds,
                       per_second(counts.messages, result));
    out += fmt::format("calls     {} completed, {} lost, {} not begun", counts.completed, result.lost,
                       counts.not_begun);
    if (options.mode == Mode::transfers)
        out += fmt::format("; {} transfers reached the owner", counts.transfers);
    out += fmt::format("\nagain     {} INVITE, {} 200, {} BYE; {} late, {} reordered\n", counts.invites_again,
                       counts.oks_again, counts.byes_again, counts.late, counts.reordered);
    out += latency_line("one way ", result.one_way) + latency_line("set-up  ", result.set_up);
    const auto used = [&](std::string_view name, const ProcessCpu& cpu) {
        return fmt::format(
            "{}  {:.2f} us CPU/message (user {:.2f}, system {:.2f}); {} threads, {} processes\n", name,
            per_message(cpu.user_seconds + cpu.system_seconds, result), per_message(cpu.user_seconds, result),
            per_message(cpu.system_seconds, result), cpu.threads, cpu.processes);
    };
    if (options.target != 0) out += used("target  ", result.target);
    out += used("itself  ", result.generator);
    if (result.faults.total() == 0) return out + "faults    none\n";
    for (const auto& fault : faults(result.faults))
        out += fmt::format("FAULT     {}: {}\n", std::string_view{fault.key()}, fault.value().as_uint64());
    return out + "first of them: " + result.faults.first() + "\n";
}

}  // namespace sipsteer::load
