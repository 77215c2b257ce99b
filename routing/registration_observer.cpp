#include "routing/registration_observer.hpp"

#include <algorithm>

#include "parser/cursor.hpp"
#include "routing/route_set.hpp"

namespace sipsteer {
namespace {

/// A registration that names no time at all lives an hour (RFC 3261 §10.2.1.1).
constexpr Seconds kDefaultLifetime = 3600;
/// No phone asks for more; keeps the sum with the clock within its bits.
constexpr Seconds kMaxLifetime = 7 * 24 * 3600;

Seconds delta_seconds(std::string_view digits, Seconds otherwise) noexcept {
    std::uint32_t seconds = 0;
    if (!parse_number(digits, 0xffffffffU, seconds)) return otherwise;
    return std::min(seconds, kMaxLifetime);
}

Seconds contact_lifetime(const NameAddr& contact, Seconds otherwise) noexcept {
    Cursor cursor{contact.parameters};
    Parameter parameter;
    bool ok = true;
    while (next_parameter(cursor, parameter, ok)) {
        if (iequals(parameter.name, "expires")) return delta_seconds(parameter.value, otherwise);
    }
    return otherwise;
}

/// The longest lifetime among the Contacts; 0 when there are none.
Seconds lifetime_of(const MessageView& response) noexcept {
    const Seconds otherwise = delta_seconds(response.value(HeaderId::expires), kDefaultLifetime);
    Seconds longest = 0;
    for (ValueWalk walk{response, HeaderId::contact}; !walk.done();) {
        const auto contact = walk.take();
        if (!contact) break;
        longest = std::max(longest, contact_lifetime(*contact, otherwise));
    }
    return longest;
}

}  // namespace

void observe_registration(const Snapshot& snapshot, const MessageView& response, ServerId registrar,
                          Effects& effects) noexcept {
    if (response.method() != Method::register_ || response.status_code() < 200 ||
        response.status_code() > 299) {
        return;
    }
    const auto uri = SipUri::parse(response.to_uri());
    const auto aor = uri ? aor_key(snapshot, *uri) : std::nullopt;
    if (aor) effects.binding = {*aor, registrar, lifetime_of(response)};
}

}  // namespace sipsteer
