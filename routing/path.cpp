#include "routing/path.hpp"

#include "parser/cursor.hpp"
#include "routing/record_route.hpp"
#include "routing/route_set.hpp"

namespace sipsteer {
namespace {

bool names(const NameAddr& contact, const Endpoint& source) noexcept {
    const auto uri = SipUri::parse(contact.uri);
    if (!uri || !uri->is_sip()) return false;
    const auto address = parse_ip(uri->host);
    const std::uint16_t port = uri->port == 0 ? default_port(source.transport) : uri->port;
    return address && *address == source.address && port == source.port;
}

bool has_other_contact(const MessageView& request, const Endpoint& source) noexcept {
    if (request.value(HeaderId::contact) == "*") return false;
    for (ValueWalk walk{request, HeaderId::contact}; !walk.done();) {
        const auto contact = walk.take();
        if (!contact || !names(*contact, source)) return true;
    }
    return false;
}

}  // namespace

bool wants_path(const RoutingPolicy& policy, const MessageView& request, const Endpoint& source) noexcept {
    switch (policy.path) {
        case PathPolicy::off: return false;
        case PathPolicy::always: return true;
        case PathPolicy::automatic: break;
    }
    return source.transport != Transport::udp || supports_path(request) || has_other_contact(request, source);
}

bool supports_path(const MessageView& request) noexcept {
    for (const HeaderField* field = request.find(HeaderId::supported); field != nullptr;
         field = request.next(*field)) {
        Cursor cursor{field->value};
        while (!cursor.done()) {
            cursor.skip_lws();
            const std::string_view tag = cursor.take_while(kToken);
            if (iequals(tag, "path")) return true;
            if (!cursor.take_separator(',') && tag.empty()) break;
        }
    }
    return false;
}

PathClaim read_path(const KeyedHash& sign, const SipUri& route) noexcept {
    const std::string_view token = uri_parameter(route.parameters, kFlowParameter);
    if (token.empty() || !uri_parameter(route.parameters, kRouteParameter).empty()) return {};
    return {true, read_flow_token(sign, {}, token)};
}

}  // namespace sipsteer
