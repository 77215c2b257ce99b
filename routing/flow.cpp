#include "routing/flow.hpp"

#include "routing/hex.hpp"

namespace sipsteer {
namespace {

constexpr std::size_t kMacDigits = 16;

/// Transport and address family in one digit.
std::uint64_t kind_of(const Endpoint& peer) noexcept {
    return static_cast<std::uint64_t>(peer.transport) * 2 + (peer.address.v6 ? 1 : 0);
}

std::uint64_t flow_mac(const KeyedHash& sign, std::string_view context, std::string_view text) noexcept {
    return KeyedHash::Input{sign}.add("flow").add(context).add(text).finish();
}

/// Takes that many hex digits off the front; false when they are not there.
bool take_hex(std::string_view& text, std::size_t digits, std::uint64_t& value) noexcept {
    if (text.size() < digits || !read_hex(text.substr(0, digits), value)) return false;
    text.remove_prefix(digits);
    return true;
}

}  // namespace

FlowToken make_flow_token(const KeyedHash& sign, std::string_view context, const Flow& flow) noexcept {
    FlowToken token;
    char* const begin = token.text_.data();
    char* at = write_hex(write_hex(begin, flow.listener, 2), kind_of(flow.peer), 1);
    if (flow.peer.transport == Transport::udp) {
        at = write_hex(at, flow.peer.port, 4);
        for (std::size_t i = 0; i < flow.peer.address.size(); ++i)
            at = write_hex(at, flow.peer.address.bytes[i], 2);
    } else {
        at = write_hex(at, flow.connection, 16);
    }
    const std::string_view body{begin, static_cast<std::size_t>(at - begin)};
    at = write_hex(at, flow_mac(sign, context, body), kMacDigits);
    token.size_ = static_cast<std::uint8_t>(at - begin);
    return token;
}

std::optional<Flow> read_flow_token(const KeyedHash& sign, std::string_view context,
                                    std::string_view text) noexcept {
    if (text.size() <= kMacDigits) return std::nullopt;
    std::string_view body = text.substr(0, text.size() - kMacDigits);
    std::uint64_t mac = 0;
    if (!read_hex(text.substr(body.size()), mac) ||
        !equal_constant_time(mac, flow_mac(sign, context, body))) {
        return std::nullopt;
    }
    Flow flow;
    std::uint64_t value = 0;
    if (!take_hex(body, 2, value)) return std::nullopt;
    flow.listener = static_cast<ListenerIndex>(value);
    if (!take_hex(body, 1, value) || value > 2 * static_cast<std::uint64_t>(Transport::wss) + 1)
        return std::nullopt;
    flow.peer.transport = static_cast<Transport>(value / 2);
    flow.peer.address.v6 = value % 2 == 1;
    if (flow.peer.transport != Transport::udp) {
        if (!take_hex(body, 16, flow.connection) || !body.empty()) return std::nullopt;
        return flow;
    }
    if (!take_hex(body, 4, value)) return std::nullopt;
    flow.peer.port = static_cast<std::uint16_t>(value);
    for (std::size_t i = 0; i < flow.peer.address.size(); ++i) {
        if (!take_hex(body, 2, value)) return std::nullopt;
        flow.peer.address.bytes[i] = static_cast<std::uint8_t>(value);
    }
    if (!body.empty()) return std::nullopt;
    return flow;
}

}  // namespace sipsteer
