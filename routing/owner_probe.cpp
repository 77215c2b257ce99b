#include "routing/owner_probe.hpp"

#include <algorithm>
#include <cstring>

#include "routing/hex.hpp"

namespace sipsteer {
namespace {

constexpr std::string_view kPrefix = "z9hG4bKsp-";
/// prefix, worker, question, server, MAC
constexpr std::size_t kBranchSize = kPrefix.size() + 2 + 8 + 8 + 16;

std::uint64_t ticket_mac(const KeyedHash& sign, const ProbeTicket& ticket,
                         std::string_view call_id) noexcept {
    return KeyedHash::Input{sign}
        .add("probe")
        .add(ticket.worker)
        .add(ticket.question)
        .add(ticket.server)
        .add(call_id)
        .finish();
}

/// `;tag=X`, or nothing for the tag "0", which stands for none (RFC 3891 §3).
void add_tag(std::string& text, std::string_view tag) {
    if (tag != "0") text.append(";tag=").append(tag);
}

}  // namespace

std::optional<std::size_t> write_probe(const KeyedHash& sign, const ProbeTicket& ticket,
                                       std::string_view sent_by, std::string_view host_port,
                                       const Replaces& dialog, std::span<char> out) noexcept {
    std::array<char, kBranchSize> branch;
    char* at = std::ranges::copy(kPrefix, branch.begin()).out;
    at = write_hex(at, ticket.worker, 2);
    at = write_hex(at, ticket.question, 8);
    at = write_hex(at, ticket.server, 8);
    write_hex(at, ticket_mac(sign, ticket, dialog.call_id), 16);

    std::string text;
    text.append("OPTIONS sip:").append(host_port).append(" SIP/2.0\r\nVia: SIP/2.0/UDP ").append(sent_by);
    text.append(";branch=").append(branch.data(), branch.size()).append("\r\nMax-Forwards: 70\r\n");
    text.append("From: <sip:probe@").append(sent_by).append(">");
    add_tag(text, dialog.from_tag);
    text.append("\r\nTo: <sip:").append(host_port).append(">");
    add_tag(text, dialog.to_tag);
    text.append("\r\nCall-ID: ")
        .append(dialog.call_id)
        .append("\r\nCSeq: 0 OPTIONS\r\nContent-Length: 0\r\n\r\n");
    if (text.size() > out.size()) return std::nullopt;
    std::memcpy(out.data(), text.data(), text.size());
    return text.size();
}

std::optional<ProbeTicket> read_probe_ticket(const KeyedHash& sign, const MessageView& response) noexcept {
    std::string_view branch = response.top_via().branch;
    if (response.is_request() || branch.size() != kBranchSize || !branch.starts_with(kPrefix))
        return std::nullopt;
    branch.remove_prefix(kPrefix.size());
    std::array<std::uint64_t, 4> fields{};
    std::size_t position = 0;
    for (std::size_t i = 0; i < fields.size(); ++i) {
        const std::size_t digits = std::array<std::size_t, 4>{2, 8, 8, 16}[i];
        if (!read_hex(branch.substr(position, digits), fields[i])) return std::nullopt;
        position += digits;
    }
    const ProbeTicket ticket{static_cast<std::uint8_t>(fields[0]), static_cast<std::uint32_t>(fields[1]),
                             static_cast<ServerId>(fields[2])};
    if (!equal_constant_time(fields[3], ticket_mac(sign, ticket, response.call_id()))) return std::nullopt;
    return ticket;
}

void OwnerProbe::answer(ServerId server, ProbeVerdict verdict, Milliseconds now) noexcept {
    const auto open = asked_.begin() + static_cast<std::ptrdiff_t>(answered_);
    const auto found = std::find(open, asked_.end(), server);
    if (found == asked_.end()) return;
    std::iter_swap(open, found);
    ++answered_;
    if (verdict != ProbeVerdict::mine) return;
    contradicted_ = owner_ != kNoServer;
    owner_ = server;
    deadline_ = std::min(deadline_, now + kContradiction);
}

}  // namespace sipsteer
