#include "proxy/address_book.hpp"

#include <algorithm>

namespace sipsteer {

AddressBook::AddressBook(HostAddresses known) {
    for (auto& [name, endpoints] : known) entries_[name].endpoints = std::move(endpoints);
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

bool AddressBook::take(const HostName& name, const HostFound& found, Seconds now) {
    const auto at = entries_.find(name);
    if (at == entries_.end()) return false;  // the configuration has changed meanwhile
    Entry& entry = at->second;
    entry.asked = false;
    std::vector<Endpoint> next = found.endpoints;
    if (found.failed && found.endpoints.empty()) {
        entry.due = now + entry.pause;
        entry.pause = std::min(2 * entry.pause, kRetry);
        // What a start found by itself has no time yet: it counts from the first failure.
        if (entry.confirmed == 0) entry.confirmed = now;
        if (now - entry.confirmed < kStale) next = entry.endpoints;
    } else {
        entry.confirmed = now;
        entry.pause = 1;
        entry.due = now + (next.empty() ? kDenied : std::clamp(Seconds{found.ttl}, kSoonest, kLatest));
    }
    const bool changed = next != entry.endpoints;
    entry.endpoints = std::move(next);
    return changed;
}

HostAddresses AddressBook::addresses() const {
    HostAddresses all;
    for (const auto& [name, entry] : entries_) all[name] = entry.endpoints;
    return all;
}

}  // namespace sipsteer
