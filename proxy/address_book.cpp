#include "proxy/address_book.hpp"

#include <algorithm>
#include <utility>

namespace sipsteer {
namespace {

void keep_addresses(std::vector<HostTarget>& targets, const std::vector<HostTarget>& before) {
    for (HostTarget& target : targets) {
        if (!target.endpoints.empty()) continue;
        const auto old = std::ranges::find_if(before, [&target](const HostTarget& one) {
            return one.host == target.host && one.port == target.port;
        });
        if (old != before.end()) target.endpoints = old->endpoints;
    }
}

}  // namespace

AddressBook::AddressBook(HostAddresses known) {
    for (auto& [name, targets] : known) entries_[name].targets = std::move(targets);
}

void AddressBook::set_names(const std::vector<HostName>& names) {
    std::erase_if(entries_, [&names](const auto& entry) {
        return std::ranges::find(names, entry.first) == names.end();
    });
    for (const HostName& name : names) entries_.try_emplace(name);
}

std::vector<HostName> AddressBook::take_due(Seconds now) {
    std::vector<HostName> due;
    for (auto& [name, entry] : entries_) {
        if (entry.asked || entry.due > now) continue;
        entry.asked = true;
        due.push_back(name);
    }
    return due;
}

AddressBook::News AddressBook::take(const HostName& name, const HostFound& found, Seconds now) {
    const auto at = entries_.find(name);
    if (at == entries_.end()) return News::none;  // the configuration has changed meanwhile
    Entry& entry = at->second;
    entry.asked = false;
    std::vector<HostTarget> next = found.targets;
    if (found.failed && endpoints_of(next).empty()) {
        entry.due = now + entry.pause;
        entry.pause = std::min(2 * entry.pause, kRetry);
        // What a start found by itself has no time yet: it counts from the first failure.
        if (entry.confirmed == 0) entry.confirmed = now;
        next = entry.targets;
        if (now - entry.confirmed >= kStale) {
            for (HostTarget& target : next) target.endpoints.clear();
        }
    } else {
        entry.confirmed = now;
        entry.pause = 1;
        entry.due = now + (next.empty() ? kDenied : std::clamp(Seconds{found.ttl}, kSoonest, kLatest));
        if (name.expand) {
            const bool first = std::exchange(entry.emptied, next.empty()) != next.empty();
            if (next.empty()) return first ? News::emptied : News::none;
            keep_addresses(next, entry.targets);
        }
    }
    if (next == entry.targets) return News::none;
    entry.targets = std::move(next);
    return News::changed;
}

HostAddresses AddressBook::addresses() const {
    HostAddresses all;
    for (const auto& [name, entry] : entries_) all[name] = entry.targets;
    return all;
}

}  // namespace sipsteer
