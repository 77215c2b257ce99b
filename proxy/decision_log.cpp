#include "proxy/decision_log.hpp"

#include <fmt/format.h>

#include <array>
#include <string>

#include "proxy/log.hpp"

namespace sipsteer {
namespace {

bool is_transfer(RouteReason reason) noexcept {
    return reason >= RouteReason::transfer_owner && reason <= RouteReason::transfer_waiting;
}

std::string_view transport_word(Transport transport) noexcept {
    constexpr std::array<std::string_view, 5> kWords{"udp", "tcp", "tls", "ws", "wss"};
    return kWords[static_cast<std::size_t>(transport)];
}

std::string_view server_name(const Outcome& outcome, const Snapshot& snapshot) noexcept {
    return outcome.server ? std::string_view{snapshot.servers[*outcome.server].name} : "-";
}

/// The value of the header that names the other dialog.
std::string_view reference_of(const MessageView& message) noexcept {
    for (const HeaderId id : {HeaderId::replaces, HeaderId::join, HeaderId::target_dialog}) {
        if (message.has(id)) return message.value(id);
    }
    return "-";
}

}  // namespace

std::string to_string(const Endpoint& endpoint) {
    std::array<char, IpAddress::kMaxText> text;
    const std::string_view address{text.data(), format_ip(endpoint.address, text)};
    return fmt::format(fmt::runtime(endpoint.address.v6 ? "{}:[{}]:{}" : "{}:{}:{}"),
                       transport_word(endpoint.transport), address, endpoint.port);
}

bool DecisionLog::wants(const Outcome& outcome) const noexcept {
    if (outcome.what == Outcome::What::nothing || outcome.what >= Outcome::What::held) return false;
    return is_transfer(outcome.reason) || log_enabled(LogLevel::debug);
}

void DecisionLog::write(const Outcome& outcome, const Incoming& incoming, const MessageView& message,
                        const Snapshot& snapshot) const {
    const std::string from = to_string(incoming.from);
    const std::string to = outcome.sends() ? to_string(outcome.to) : "-";
    if (is_transfer(outcome.reason)) {
        log_event(LogLevel::info, "transfer",
                  {{"reason", to_string(outcome.reason)},
                   {"call_id", message.call_id()},
                   {"replaces", reference_of(message)},
                   {"server", server_name(outcome, snapshot)},
                   {"method", message.method_token()},
                   {"src", from},
                   {"dst", to}},
                  LogRate::many);
    }
    if (!log_enabled(LogLevel::debug)) return;
    const std::string status = message.is_request() ? std::string{} : std::to_string(message.status_code());
    log_event(LogLevel::debug, "message",
              {{"reason", to_string(outcome.reason)},
               {"method", message.method_token()},
               {"status", status.empty() ? "-" : status},
               {"call_id", message.call_id()},
               {"from", from},
               {"to", to},
               {"server", server_name(outcome, snapshot)},
               {"drop", outcome.what == Outcome::What::dropped ? to_string(outcome.drop) : "-"}},
              LogRate::many);
}

}  // namespace sipsteer
