#include "routing/next_hops.hpp"

#include <algorithm>

#include "routing/snapshot.hpp"

namespace sipsteer {
namespace {

template <class Record>
bool any(const Record&) noexcept {
    return true;
}

}  // namespace

NextHopName NextHopName::of(const SipUri& uri) noexcept {
    const UriTarget target = uri_target(uri);
    NextHopName name{target.host, target.port, target.transport, false};
    if (name.host.ends_with('.')) name.host.remove_suffix(1);
    name.any_transport = uri.scheme == UriScheme::sip && uri.transport.empty() && target.port == 0;
    return name;
}

std::uint64_t NextHopName::hash(const KeyedHash& hash) const noexcept {
    const std::uint64_t key = KeyedHash::Input{hash}
                                  .add("next-hop")
                                  .add_lower(host)
                                  .add(port)
                                  .add(static_cast<std::uint32_t>(transport))
                                  .add(any_transport ? 1U : 0U)
                                  .finish();
    return key == 0 ? 1 : key;
}

NextHops::Found NextHops::find(std::uint64_t name, Seconds now) const noexcept {
    Found found;
    Names::Locked shard{names_, name};
    const NameRecord* const record = shard.find(now, any<NameRecord>);
    if (record == nullptr) return found;
    found.state = record->state;
    found.expired = now >= record->due;
    found.count = record->count;
    std::copy_n(record->addresses.begin(), record->count, found.addresses.begin());
    return found;
}

void NextHops::learn(std::uint64_t name, const HopAnswer& answer, Seconds now) noexcept {
    Names::Locked shard{names_, name};
    NameRecord* record = shard.find(now, any<NameRecord>);
    if (record == nullptr) record = &shard.insert(NameRecord{}, now);
    NameRecord& entry = *record;
    if (!answer.addresses.empty()) {
        entry.state = State::resolved;
        entry.count = static_cast<std::uint8_t>(std::min(answer.addresses.size(), entry.addresses.size()));
        std::copy_n(answer.addresses.begin(), entry.count, entry.addresses.begin());
        entry.due = now + std::clamp(answer.ttl, kSoonest, kLatest);
        entry.until = entry.due + kStale;
        entry.pause = 1;
        return;
    }
    if (!answer.failed) {
        entry =
            NameRecord{.hash = name, .due = now + kDenied, .until = now + kDenied, .state = State::denied};
        return;
    }
    entry.due = now + entry.pause;
    entry.pause = std::min(2 * entry.pause, kRetry);
    if (entry.state == State::resolved) return;
    entry.state = State::failed;
    entry.until = entry.due + kRetry;
}

void NextHops::note_asked(std::uint64_t name, Seconds now) noexcept {
    Names::Locked shard{names_, name};
    NameRecord* const record = shard.find(now, any<NameRecord>);
    if (record != nullptr) record->due = std::max(record->due, now + kAsking);
}

std::optional<Endpoint> NextHops::chosen(std::uint64_t call, Seconds now) const noexcept {
    Calls::Locked shard{calls_, call};
    const CallRecord* const record = shard.find(now, any<CallRecord>);
    return record == nullptr ? std::nullopt : std::optional{record->endpoint};
}

Endpoint NextHops::choose(std::uint64_t call, const Endpoint& endpoint, Seconds now,
                          Seconds lifetime) noexcept {
    Calls::Locked shard{calls_, call};
    CallRecord* record = shard.find(now, any<CallRecord>);
    if (record == nullptr) record = &shard.insert(CallRecord{.endpoint = endpoint}, now);
    record->until = std::max(record->until, now + lifetime);
    return record->endpoint;
}

}  // namespace sipsteer
