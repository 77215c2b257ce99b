#include "routing/record_route.hpp"

#include "routing/hex.hpp"

namespace sipsteer {
namespace {

std::uint64_t route_mac(const KeyedHash& sign, const CallDigest& call, ServerId owner) noexcept {
    return KeyedHash::Input{sign}.add("r").add_word(call.low).add_word(call.high).add(owner).finish();
}

void read_flow(const KeyedHash& sign, std::string_view signature, const SipUri& route,
               RouteClaim& claim) noexcept {
    for (const std::string_view name : {kFlowParameter, kLastResortParameter}) {
        const std::string_view token = uri_parameter(route.parameters, name);
        if (token.empty()) continue;
        const auto flow = read_flow_token(sign, signature, token);
        if (flow) claim.flow = RouteFlow{*flow, name == kLastResortParameter};
        claim.bad_flow = !flow;
        return;
    }
}

}  // namespace

RouteSignature make_route_signature(const KeyedHash& sign, const CallDigest& call, ServerId owner) noexcept {
    RouteSignature text;
    write_hex(write_hex(text.data(), owner, 8), route_mac(sign, call, owner), 16);
    return text;
}

RouteClaim read_route_signature(const KeyedHash& sign, const CallDigest& call, const SipUri& route) noexcept {
    RouteClaim claim;
    const std::string_view text = uri_parameter(route.parameters, kRouteParameter);
    claim.present = !text.empty();
    std::uint64_t owner = 0;
    std::uint64_t mac = 0;
    if (text.size() != std::tuple_size_v<RouteSignature> || !read_hex(text.substr(0, 8), owner) ||
        !read_hex(text.substr(8), mac)) {
        return claim;
    }
    claim.owner = static_cast<ServerId>(owner);
    claim.valid = equal_constant_time(mac, route_mac(sign, call, claim.owner));
    if (claim.valid) {
        read_flow(sign, text, route, claim);
    } else {
        claim.owner = kNoServer;
    }
    return claim;
}

}  // namespace sipsteer
