#include "parser/message_view.hpp"
#include "parser/name_addr.hpp"
#include "parser/replaces.hpp"
#include "parser/sip_uri.hpp"
#include "tests/oracle/canonical.hpp"
#include "tests/oracle/voices.hpp"

namespace sipsteer::oracle {
namespace {

/// Counts the values of a list header, and calls `first` with the first one.
template <class View>
std::optional<int> count_values(const MessageView& message, HeaderId id, auto&& first) {
    int count = 0;
    for (const HeaderField* field = message.find(id); field != nullptr; field = message.next(*field)) {
        std::string_view rest = field->value;
        do {
            const auto value = View::parse(rest);
            if (!value) return std::nullopt;
            if (count++ == 0) first(*value);
            rest = value->rest;
        } while (!rest.empty());
    }
    return count;
}

}  // namespace

std::optional<Fields> our_voice(std::string_view datagram) {
    MessageView message;
    if (!message.parse(datagram)) return std::nullopt;
    Fields fields;
    fields.start =
        message.is_request() ? std::string(message.method_token()) : std::to_string(message.status_code());
    if (message.is_request()) {
        const auto uri = SipUri::parse(message.request_uri());
        if (!uri) return std::nullopt;
        if (uri->is_sip()) {
            fields.uri_user = or_dash(decoded(uri->user));
            fields.uri_host = uri->host;
            fields.uri_port = uri->port == 0 ? "-" : std::to_string(uri->port);
        }
    }
    fields.call_id = message.call_id();
    fields.from_tag = or_dash(message.from_tag());
    fields.to_tag = or_dash(message.to_tag());
    fields.cseq = std::to_string(message.cseq_number()) + " " + std::string(message.method_token());

    const ViaView& via = message.top_via();
    fields.via_transport = upper(via.transport);
    fields.via_host = via.host;
    fields.via_port = via.port == 0 ? "-" : std::to_string(via.port);
    fields.via_branch = or_dash(via.branch);
    fields.via_received = or_dash(via.received);
    fields.via_rport = via.has_rport ? "=" + std::string(via.rport) : "-";
    const auto vias = count_values<ViaView>(message, HeaderId::via, [](const ViaView&) {});
    if (!vias) return std::nullopt;
    fields.via_count = std::to_string(*vias);

    bool routable = true;
    const auto routes = count_values<NameAddr>(message, HeaderId::route, [&](const NameAddr& route) {
        const auto uri = SipUri::parse(route.uri);
        routable = uri.has_value();
        if (uri && uri->is_sip()) {
            fields.route_first =
                or_dash(decoded(uri->user)) + "@" + std::string(uri->host) + ":" + std::to_string(uri->port);
        }
    });
    if (!routes || !routable) return std::nullopt;
    fields.route_count = std::to_string(*routes);

    if (const HeaderField* field = message.find(HeaderId::replaces)) {
        // Two of them: routing answers 400.
        const auto replaces = Replaces::parse(field->value);
        if (!replaces || message.next(*field) != nullptr) return std::nullopt;
        fields.replaces = std::string(replaces->call_id) + ";" + std::string(replaces->to_tag) + ";" +
                          std::string(replaces->from_tag) + (replaces->early_only ? ";early-only" : "");
    }
    fields.body = message.body();
    return fields;
}

}  // namespace sipsteer::oracle
