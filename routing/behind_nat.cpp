#include "routing/behind_nat.hpp"

#include <array>

#include "parser/name_addr.hpp"

namespace sipsteer {
namespace {

/// A block of addresses that mean something else in every network.
struct PrivateBlock {
    bool v6;
    std::uint8_t bits;
    std::array<std::uint8_t, 2> prefix;
};

constexpr std::array<PrivateBlock, 8> kPrivateBlocks{{
    {false, 8, {127, 0}},
    {false, 8, {10, 0}},
    {false, 12, {172, 16}},
    {false, 16, {192, 168}},
    {false, 10, {100, 64}},
    {false, 16, {169, 254}},
    {true, 7, {0xfc, 0}},
    {true, 10, {0xfe, 0x80}},
}};

bool is_in(const IpAddress& address, const PrivateBlock& block) noexcept {
    if (address.v6 != block.v6) return false;
    const unsigned mask = 0xffffU << (16U - block.bits);
    const unsigned first = static_cast<unsigned>(address.bytes[0]) << 8U | address.bytes[1];
    const unsigned prefix = static_cast<unsigned>(block.prefix[0]) << 8U | block.prefix[1];
    return ((first ^ prefix) & mask & 0xffffU) == 0;
}

/// The block's place, kPrivateBlocks.size() for an address that is the same everywhere.
std::size_t block_of(const IpAddress& address) noexcept {
    IpAddress loopback;
    loopback.v6 = true;
    loopback.bytes[15] = 1;
    if (address == loopback) return 0;
    std::size_t block = 0;
    while (block < kPrivateBlocks.size() && !is_in(address, kPrivateBlocks[block])) ++block;
    return block;
}

bool contact_is_hidden(const MessageView& request, const IpAddress& source) noexcept {
    const auto contact = NameAddr::parse(request.value(HeaderId::contact));
    const auto uri = contact ? SipUri::parse(contact->uri) : Failure(contact.error());
    if (!uri || !uri->is_sip()) return false;
    const auto address = parse_ip(uri->host);
    return address && is_hidden(*address, source);
}

}  // namespace

bool is_hidden(const IpAddress& inner, const IpAddress& outer) noexcept {
    if (inner == outer) return false;
    const std::size_t block = block_of(inner);
    return block != kPrivateBlocks.size() && block != block_of(outer);
}

bool behind_nat(const MessageView& request, const Endpoint& source) noexcept {
    if (source.transport != Transport::udp) return true;
    const ViaView& via = request.top_via();
    if (const auto sent_by = parse_ip(via.host)) {
        const std::uint16_t port = via.port == 0 ? default_port(Transport::udp) : via.port;
        if (via.has_rport && (*sent_by != source.address || port != source.port)) return true;
        if (is_hidden(*sent_by, source.address)) return true;
    }
    return contact_is_hidden(request, source.address);
}

}  // namespace sipsteer
