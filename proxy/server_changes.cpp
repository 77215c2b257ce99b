#include "proxy/server_changes.hpp"

#include <fmt/format.h>

#include <algorithm>

#include "proxy/config_schema.hpp"
#include "proxy/config_values.hpp"

namespace sipsteer {
namespace {

const MediaServer* find(const ServerSet& set, std::string_view name) {
    const auto found = std::ranges::find(set.all(), name, &MediaServer::name);
    return found == set.all().end() ? nullptr : &*found;
}

template <class Value>
void compare(std::vector<std::string>& changes, std::string_view name, std::string_view what,
             const Value& before, const Value& after) {
    if (before != after) changes.push_back(fmt::format("{} {} {} -> {}", name, what, before, after));
}

std::string sources(const MediaServer& server) {
    std::vector<std::string> ranges;
    for (const AddressRange& range : server.sources) ranges.push_back(to_string(range));
    return ranges.empty() ? "none" : fmt::format("{}", fmt::join(ranges, ","));
}

}  // namespace

std::vector<std::string> server_changes(const ServerSet& before, const ServerSet& after) {
    std::vector<std::string> changes;
    for (const MediaServer& server : after.all()) {
        const MediaServer* const old = find(before, server.name);
        if (old == nullptr) {
            changes.push_back("+ " + server.name);
            continue;
        }
        compare(changes, server.name, "uri", old->uri, server.uri);
        compare(changes, server.name, "weight", old->weight, server.weight);
        compare(changes, server.name, "state", to_string(old->state), to_string(server.state));
        compare(changes, server.name, "group", before.groups()[old->group], after.groups()[server.group]);
        compare(changes, server.name, "backup", old->backup, server.backup);
        compare(changes, server.name, "max_calls", old->max_calls, server.max_calls);
        compare(changes, server.name, "sources", sources(*old), sources(server));
    }
    for (const MediaServer& server : before.all()) {
        if (find(after, server.name) == nullptr) changes.push_back("- " + server.name);
    }
    return changes;
}

}  // namespace sipsteer
