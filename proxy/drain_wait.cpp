#include "proxy/drain_wait.hpp"

#include <boost/json.hpp>

namespace sipsteer {

DrainState drain_state(std::string_view servers_json, std::string_view server) {
    namespace json = boost::json;
    boost::system::error_code failure;
    const json::value document = json::parse({servers_json.data(), servers_json.size()}, failure);
    if (failure || !document.is_object()) return {};
    const json::value* const list = document.as_object().if_contains("servers");
    if (list == nullptr || !list->is_array()) return {};
    for (const json::value& element : list->as_array()) {
        if (!element.is_object()) return {};
        const json::object& one = element.as_object();
        const auto text = [&one](std::string_view name) {
            const json::value* const value = one.if_contains({name.data(), name.size()});
            return value != nullptr && value->is_string() ? std::string_view{value->as_string()}
                                                          : std::string_view{};
        };
        const auto number = [&one, &failure](std::string_view name) {
            const json::value* const value = one.if_contains({name.data(), name.size()});
            return value == nullptr ? 0 : value->to_number<std::int64_t>(failure);
        };
        if (text("name") != server) continue;
        if (text("state") != "drain") return {.what = DrainState::What::taken_back};
        const std::int64_t calls = number("calls") + number("setups");
        return {calls == 0 ? DrainState::What::done : DrainState::What::waiting, calls};
    }
    return {};
}

}  // namespace sipsteer
