#include "routing/decision.hpp"

#include <span>

namespace sipsteer {
namespace {

void apply(const Effects::DialogChange& change, CallTable& calls, Seconds now) noexcept {
    using What = Effects::DialogChange::What;
    const auto caller = change.caller ? CallTable::Caller::server : CallTable::Caller::peer;
    switch (change.what) {
        case What::learn_early:
            calls.learn(change.key, change.server, DialogState::early, now, {change.lifetime, change.timed},
                        caller);
            break;
        case What::learn_confirmed:
            calls.learn(change.key, change.server, DialogState::confirmed, now,
                        {change.lifetime, change.timed}, caller);
            break;
        case What::witness: calls.witness(change.key, change.server, now, change.lifetime); break;
        case What::refresh:
            calls.refresh(change.key, change.server, now, {change.lifetime, change.timed});
            break;
        case What::end: calls.end(change.key, change.server, now); break;
        case What::fail: calls.fail(change.key, change.server, now); break;
        case What::end_early:
            calls.end_early(change.key.call, change.key.local, change.tag_is_local, change.server, now);
            break;
        case What::cancel_early:
            calls.cancel_early(change.key.call, change.key.local, change.tag_is_local, change.server, now);
            break;
    }
}

}  // namespace

bool apply(const Effects& effects, PinTable& pins, CallTable& calls, BindingTable& bindings, NextHops& hops,
           Seconds now) noexcept {
    if (effects.pin) {
        const Pin held = pins.pin(effects.pin->key, effects.pin->pin, effects.pin->cseq, now);
        if (held.server != effects.pin->pin.server || held.reason != effects.pin->pin.reason) return false;
    }
    if (const auto& hop = effects.hop;
        hop && hops.choose(hop->call, hop->endpoint, now, hop->lifetime) != hop->endpoint) {
        return false;
    }
    const auto& answer = effects.answer;
    const bool late = answer && !pins.answered(answer->key, answer->server, answer->status, answer->cseq, now,
                                               answer->pause);
    if (const auto& change = effects.binding; change && change->lifetime != 0) {
        bindings.bind(change->aor, change->server, now, change->lifetime);
    } else if (change) {
        bindings.unbind(change->aor, change->server, now);
    }
    for (const auto& change : std::span{effects.dialogs}.first(effects.dialog_count)) {
        // The early dialogs are those of the INVITE that followed.
        if (late && change.what == Effects::DialogChange::What::end_early) continue;
        apply(change, calls, now);
    }
    return true;
}

}  // namespace sipsteer
