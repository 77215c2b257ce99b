#include "proxy/explanation.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>

namespace sipsteer {

namespace json = boost::json;

std::string to_text(const Explanation& explanation) {
    std::string out = fmt::format("outcome   {}\nreason    {}\n", explanation.outcome, explanation.reason);
    if (!explanation.server.empty()) out += fmt::format("server    {}\n", explanation.server);
    if (!explanation.next_hop.empty()) out += fmt::format("next hop  {}\n", explanation.next_hop);
    out += "steps\n";
    for (const std::string& step : explanation.steps) out += fmt::format("  - {}\n", step);
    if (!explanation.message.empty()) out += "message\n\n" + explanation.message;
    return out;
}

std::string to_json(const Explanation& explanation) {
    json::array steps;
    for (const std::string& step : explanation.steps) steps.emplace_back(step);
    return json::serialize(json::object{{"outcome", explanation.outcome},
                                        {"reason", explanation.reason},
                                        {"server", explanation.server},
                                        {"next_hop", explanation.next_hop},
                                        {"steps", std::move(steps)},
                                        {"message", explanation.message}}) +
           "\n";
}

std::optional<Explanation> explanation_from_json(std::string_view text) {
    // A SIP message may hold any bytes, and to_json() leaves them as they are.
    json::parse_options options;
    options.allow_invalid_utf8 = true;
    boost::system::error_code failure;
    const json::value value = json::parse({text.data(), text.size()}, failure, {}, options);
    if (failure || !value.is_object()) return std::nullopt;
    Explanation explanation;
    const auto read = [&value](const char* name, std::string& out) {
        const json::value* member = value.as_object().if_contains(name);
        if (member == nullptr || !member->is_string()) return false;
        out = std::string{member->as_string()};
        return true;
    };
    if (!read("outcome", explanation.outcome) || !read("reason", explanation.reason) ||
        !read("server", explanation.server) || !read("next_hop", explanation.next_hop) ||
        !read("message", explanation.message)) {
        return std::nullopt;
    }
    const json::value* steps = value.as_object().if_contains("steps");
    if (steps == nullptr || !steps->is_array()) return std::nullopt;
    for (const json::value& step : steps->as_array()) {
        if (!step.is_string()) return std::nullopt;
        explanation.steps.emplace_back(step.as_string());
    }
    return explanation;
}

}  // namespace sipsteer
