#include "routing/record_route.hpp"

#include "routing/hex.hpp"

namespace sipsteer {
namespace {

std::uint64_t route_mac(const CallDigest& call, ServerId owner) noexcept {
    const KeyedHash sign = call.sign();
    return KeyedHash::Input{sign}.add_word(owner).finish();
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

RouteSignature make_route_signature(const CallDigest& call, ServerId owner) noexcept {
    RouteSignature text;
    write_hex(write_hex(text.data(), owner, 8), route_mac(call, owner), 16);
    return text;
}

std::optional<ServerId> verify_route_signature(const CallDigest& call, std::string_view signature) noexcept {
    std::uint64_t owner = 0;
    std::uint64_t mac = 0;
    if (signature.size() != std::tuple_size_v<RouteSignature> || !read_hex(signature.substr(0, 8), owner) ||
        !read_hex(signature.substr(8), mac) ||
        !equal_constant_time(mac, route_mac(call, static_cast<ServerId>(owner)))) {
        return std::nullopt;
    }
    return static_cast<ServerId>(owner);
}

RouteClaim read_route_signature(const KeyedHash& sign, const CallDigest& call, const SipUri& route) noexcept {
    RouteClaim claim;
    const std::string_view text = uri_parameter(route.parameters, kRouteParameter);
    claim.present = text.data() != nullptr;  // an empty one too, but no bare name
    if (const auto owner = verify_route_signature(call, text)) {
        claim.owner = *owner;
        claim.valid = true;
        read_flow(sign, text, route, claim);
    }
    return claim;
}

}  // namespace sipsteer
