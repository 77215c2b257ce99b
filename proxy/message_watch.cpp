#include "proxy/message_watch.hpp"

#include <chrono>

#include "parser/refer_to.hpp"
#include "proxy/log.hpp"
#include "routing/dialog_reference.hpp"

namespace sipsteer {
namespace {

std::int64_t now_ms() {
    return std::chrono::duration_cast<std::chrono::milliseconds>(
               std::chrono::system_clock::now().time_since_epoch())
        .count();
}

bool is_transfer(RouteReason reason) noexcept {
    return reason >= RouteReason::transfer_owner && reason <= RouteReason::transfer_waiting;
}

std::string_view name_of(const Snapshot& snapshot, ServerId id) noexcept {
    const auto index = snapshot.servers.by_id(id);
    return index ? std::string_view{snapshot.servers[*index].name} : std::string_view{};
}

std::string text_of(const IpAddress& address) {
    std::array<char, IpAddress::kMaxText> text;
    return {text.data(), format_ip(address, text)};
}

}  // namespace

struct MessageWatch::Look {
    const Outcome& outcome;
    const Incoming& incoming;
    const MessageView& message;
    const Snapshot& snapshot;
    Seconds now;

    /// `use` gets what stories want to know; the texts live as long as the call.
    template <class Use>
    void seen(Use use) const {
        const std::string_view from = name_of(snapshot, outcome.from_server);
        const std::string_view to = name_of(snapshot, outcome.to_server);
        const std::string source = from.empty() ? to_string(incoming.from) : std::string{from};
        const std::string target = !to.empty()       ? std::string{to}
                                   : outcome.sends() ? to_string(outcome.to)
                                                     : std::string{};
        use(TransferStories::Seen{.at_ms = now_ms(),
                                  .from = source,
                                  .to = target,
                                  .server = to.empty() ? from : to,
                                  .reason = outcome.reason});
    }
};

void MessageWatch::look(const Outcome& outcome, const Incoming& incoming, const MessageView& message,
                        const Snapshot& snapshot, Seconds now) {
    if (outcome.what == Outcome::What::nothing || outcome.what >= Outcome::What::held) return;
    if (!outcome.sends() || outcome.to.port != 0) return look_at({outcome, incoming, message, snapshot, now});
    // It leaves by a flow, which names a connection and no address.
    Outcome addressed = outcome;
    addressed.to = connections_.peer_of(outcome.connection).value_or(outcome.to);
    look_at({addressed, incoming, message, snapshot, now});
}

void MessageWatch::look_at(const Look& look) {
    const Outcome& outcome = look.outcome;
    const MessageView& message = look.message;
    if (log_.wants(outcome)) log_.write(outcome, look.incoming, message, look.snapshot);
    if (outcome.what == Outcome::What::forwarded) {
        message.is_request() ? forwarded_request(look) : forwarded_response(look);
    }
    bool of_transfer = watched_.transfers.concerns(message);
    const bool refers = message.is_request() && message.method() == Method::refer;  // has its step already
    if (is_transfer(outcome.reason)) {
        of_transfer = true;
        const auto reference = dialog_reference(message);
        const std::string_view replaced = reference && *reference ? (*reference)->dialog.call_id : "";
        look.seen([&](const auto& seen) { watched_.transfers.add_transfer(message, replaced, seen); });
    } else if (of_transfer && !refers) {
        look.seen([&](const auto& seen) { watched_.transfers.add_step(message, seen); });
    }
    if (!watched_.trace.active()) return;
    if (const auto sessions = watched_.trace.wanted_by(message.call_id(), of_transfer); sessions != 0) {
        watched_.trace.add(sessions, outcome, look.incoming, look.snapshot, now_ms());
    }
}

void MessageWatch::forwarded_request(const Look& look) {
    if (look.outcome.from_server == kNoServer) {
        watched_.refusals.note_request(look.snapshot.key, look.message);
    }
    if (look.message.method() == Method::refer && look.message.has(HeaderId::refer_to)) refer(look);
}

void MessageWatch::forwarded_response(const Look& look) {
    const MessageView& message = look.message;
    const Outcome& outcome = look.outcome;
    if (message.method() == Method::invite && message.status_code() > 100 && message.status_code() < 300) {
        const ServerId server = outcome.from_server != kNoServer ? outcome.from_server : outcome.to_server;
        watched_.calls.add(message, server, now_ms());
    }
    if (outcome.from_server == kNoServer || outcome.to_server != kNoServer) return;
    if (!watched_.refusals.note_response(look.snapshot.key, message)) return;
    const auto count = watched_.refusals.count(outcome.to.address, now_ms());
    if (!count) return;
    log_event(LogLevel::warning, "auth_refused",
              {{"src", text_of(outcome.to.address)},
               {"count", *count},
               {"status", message.status_code()},
               {"method", message.method_token()},
               {"server", name_of(look.snapshot, outcome.from_server)}},
              LogRate::many);
}

/// A transfer begins: whose is the dialog that it will name?
void MessageWatch::refer(const Look& look) {
    const MessageView& message = look.message;
    std::array<char, 1024> scratch;
    const auto replaces = parse_refer_to_replaces(message.value(HeaderId::refer_to), scratch);
    if (!replaces) return;  // a blind transfer, or no dialog that anybody could find
    const auto found = tables_.calls.find(
        dialog_key(look.snapshot.key, replaces->call_id, replaces->to_tag, replaces->from_tag), look.now);
    const ServerId here =
        look.outcome.to_server != kNoServer ? look.outcome.to_server : look.outcome.from_server;
    const ReferOwner where = !found                  ? ReferOwner::unknown
                             : found->server == here ? ReferOwner::same_server
                                                     : ReferOwner::other_server;
    const std::string_view owner = found ? name_of(look.snapshot, found->server) : "";
    look.seen([&](const TransferStories::Seen& seen) {
        if (!watched_.transfers.add_refer(message, {replaces->call_id, owner}, seen)) return;
        watched_.transfers.count_refer(where);
        log_event(LogLevel::info, "refer",
                  {{"owner_is", kReferOwnerWords[static_cast<std::size_t>(where)]},
                   {"call_id", message.call_id()},
                   {"replaces", replaces->call_id},
                   {"owner", owner.empty() ? "-" : owner},
                   {"server", seen.server.empty() ? "-" : seen.server},
                   {"src", seen.from},
                   {"dst", seen.to}},
                  LogRate::many);
    });
}

}  // namespace sipsteer
