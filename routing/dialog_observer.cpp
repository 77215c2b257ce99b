#include "routing/dialog_observer.hpp"

#include "parser/chars.hpp"
#include "parser/header_lines.hpp"
#include "routing/router.hpp"

namespace sipsteer {
namespace {

using Change = Effects::DialogChange;

/// A session that is not refreshed is over by then; what is added covers a slow refresh and the BYE
/// (RFC 4028 §10 lets the sides act up to 32 s before or at the end).
constexpr Seconds kSessionMargin = 60;

/// delta-seconds at the start of a value, 0 when there are none.
Seconds leading_seconds(std::string_view value) noexcept {
    std::uint32_t seconds = 0;
    const std::string_view digits = value.substr(0, value.find_first_of(";( \t\r\n"));
    return parse_number(digits, 7 * 24 * 3600, seconds) ? seconds : 0;
}

/// Of Session-Expires (RFC 4028 §4), 0 when there is none.
Seconds session_interval(const MessageView& message) noexcept {
    return leading_seconds(message.value(HeaderId::session_expires));
}

/// How long a confirmed dialog lives without a sign of life.
void set_lifetime(const Snapshot& snapshot, const MessageView& message, Change& change) noexcept {
    const Seconds interval = session_interval(message);
    change.timed = interval != 0;
    change.lifetime = interval != 0 ? interval + kSessionMargin : snapshot.call_ttl;
}

bool is_success(std::uint16_t status) noexcept { return status >= 200 && status < 300; }

/// 481 and 408 to these end a subscription or a transaction, not the call that shares the dialog
/// (RFC 5057 §5.3). Anybody could make a server say so by a CANCEL with a call's tags.
bool is_beside_the_call(Method method) noexcept {
    return method == Method::cancel || method == Method::subscribe || method == Method::notify ||
           method == Method::refer || method == Method::prack;
}

/// What the response says about the dialog of its two tags. No value: nothing.
std::optional<Change> change_of(const Snapshot& snapshot, const MessageView& response) noexcept {
    const std::uint16_t status = response.status_code();
    const Method method = response.method();
    Change change;
    if (method == Method::invite && status < 200) {
        if (status == 100 || status == 199) return std::nullopt;  // no dialog; the end of one fork (RFC 6228)
        change.what = Change::What::learn_early;
        change.lifetime = CallTable::kEarly;
        return change;
    }
    const bool unknown = status == 481 || status == 408;
    if (method == Method::bye && (unknown || is_success(status))) {
        change.what = Change::What::end;
        return change;
    }
    if (unknown && !is_beside_the_call(method)) {
        change.what = Change::What::fail;
        return change;
    }
    if (!is_success(status) || method == Method::cancel) return std::nullopt;
    set_lifetime(snapshot, response, change);
    if (method == Method::invite) {
        change.what = Change::What::learn_confirmed;
    } else {
        // Only INVITE and UPDATE negotiate a session timer; anything else is a sign of life.
        change.what = Change::What::refresh;
        change.timed = change.timed && method == Method::update;
        if (!change.timed) change.lifetime = snapshot.call_ttl;
    }
    return change;
}

/// A final answer to an INVITE that is not a challenge and no success.
bool fails_invite(const MessageView& response) noexcept {
    const std::uint16_t status = response.status_code();
    return response.method() == Method::invite && status >= 300 && status != 401 && status != 407;
}

}  // namespace

void observe_request(const Snapshot& snapshot, const MessageView& request, const MessageHashes& hashes,
                     const Source& source, Effects& effects) noexcept {
    if (!source.server || request.to_tag().empty()) return;
    const Method method = request.method();
    if (method != Method::bye && method != Method::invite && method != Method::update) return;
    Change change;
    change.server = snapshot.servers[*source.server].id;
    change.key = hashes.dialog_of_sender();
    if (method == Method::bye) {
        change.what = Change::What::end;
    } else {
        // A re-INVITE proves the dialog; so a table that was lost fills again.
        change.what = method == Method::invite ? Change::What::witness : Change::What::refresh;
        change.lifetime = snapshot.call_ttl;
    }
    effects.add(change);
}

void observe_response(const Snapshot& snapshot, const MessageView& response, const MessageHashes& hashes,
                      const Source& source, ServerId origin, Effects& effects) noexcept {
    const ServerId responder = snapshot.servers.id_of(source.server);
    if (response.method() == Method::invite) {
        effects.answer = {hashes.pin_key(origin), responder, response.status_code(), response.cseq_number(),
                          0};
        if (response.status_code() == 503 && responder != kNoServer)
            effects.answer->pause = leading_seconds(find_header(response, "Retry-After"));
    }
    const bool cancels = response.method() == Method::cancel && is_success(response.status_code());
    if (cancels || fails_invite(response)) {
        Change change;
        change.what = cancels ? Change::What::cancel_early : Change::What::end_early;
        change.key.call = hashes.call().low;
        change.key.local = short_tag(hashes.from_tag());
        if (responder != kNoServer) {
            change.server = responder;
            effects.add(change);
        }
        if (origin != kNoServer) {
            change.server = origin;
            change.tag_is_local = true;
            effects.add(change);
        }
        if (response.status_code() != 481 && response.status_code() != 408) return;
    }
    if (response.to_tag().empty()) return;
    auto change = change_of(snapshot, response);
    if (!change) return;
    // A dialog ends by a server's own word only (requirements 80 and 87), never by a phone's.
    const bool ends = change->what == Change::What::end || change->what == Change::What::fail;
    if (ends && responder == kNoServer) return;
    const DialogKey key = hashes.dialog_of_sender().reversed();
    // The callee's end is local to the To tag, the caller's to the From tag (requirement 63).
    if (responder != kNoServer) {
        change->key = key;
        change->server = responder;
        effects.add(*change);
    }
    if (origin != kNoServer) {
        change->key = key.reversed();
        change->server = origin;
        change->caller = true;
        effects.add(*change);
    }
}

}  // namespace sipsteer
