#include "routing/probe.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <string>

#include "routing/hex.hpp"

namespace sipsteer {
namespace {

constexpr std::string_view kPrefix = "z9hG4bKsp-";
/// kind, worker, question, server, MAC
constexpr std::array<std::size_t, 5> kDigits{1, 2, 8, 8, 16};
static_assert(kProbeBranchSize == kPrefix.size() + 1 + 2 + 8 + 8 + 16);

std::uint64_t ticket_mac(const KeyedHash& sign, const ProbeTicket& ticket,
                         std::string_view call_id) noexcept {
    return KeyedHash::Input{sign}
        .add("probe")
        .add(static_cast<std::uint32_t>(ticket.kind))
        .add(ticket.worker)
        .add(ticket.question)
        .add(ticket.server)
        .add(call_id)
        .finish();
}

std::array<char, kProbeBranchSize> make_branch(const KeyedHash& sign, const ProbeTicket& ticket,
                                               std::string_view call_id) noexcept {
    const std::array<std::uint64_t, 5> fields{static_cast<std::uint64_t>(ticket.kind), ticket.worker,
                                              ticket.question, ticket.server,
                                              ticket_mac(sign, ticket, call_id)};
    std::array<char, kProbeBranchSize> branch;
    char* at = std::ranges::copy(kPrefix, branch.begin()).out;
    for (std::size_t i = 0; i < fields.size(); ++i)
        at = write_hex(at, fields[i], static_cast<unsigned>(kDigits[i]));
    return branch;
}

std::string host_port(const Endpoint& endpoint) {
    std::array<char, IpAddress::kMaxText> text;
    std::string host{text.data(), format_ip(endpoint.address, text)};
    if (endpoint.address.v6) host = "[" + host + "]";
    return host + ":" + std::to_string(endpoint.port);
}

/// `;tag=X`, or nothing for the tag "0", which stands for none (RFC 3891 §3).
void add_tag(std::string& text, std::string_view tag) {
    if (tag != "0") text.append(";tag=").append(tag);
}

}  // namespace

std::optional<WrittenProbe> write_probe(const Snapshot& snapshot, const ProbeTicket& ticket,
                                        const Replaces& dialog, std::span<char> out) noexcept {
    const auto index = snapshot.servers.by_id(ticket.server);
    if (!index || snapshot.servers[*index].endpoints.empty()) return std::nullopt;
    const Endpoint& to = snapshot.servers[*index].endpoints.front();
    const auto listener = snapshot.local.sender(to, true, 0);
    if (!listener) return std::nullopt;

    const std::string_view sent_by = snapshot.local[*listener].sent_by;
    const std::string server = host_port(to);
    const auto branch = make_branch(snapshot.key.sign, ticket, dialog.call_id);
    std::string text;
    text.append("OPTIONS sip:").append(server).append(" SIP/2.0\r\nVia: SIP/2.0/");
    text.append(via_token(to.transport)).append(" ").append(sent_by);
    text.append(";branch=").append(branch.data(), branch.size()).append("\r\nMax-Forwards: 70\r\n");
    text.append("From: <sip:probe@").append(sent_by).append(">");
    add_tag(text, dialog.from_tag);
    text.append("\r\nTo: <sip:").append(server).append(">");
    add_tag(text, dialog.to_tag);
    text.append("\r\nCall-ID: ").append(dialog.call_id).append("\r\nCSeq: ");
    text.append(ticket.kind == ProbeKind::health ? std::to_string(ticket.question) : "0");
    text.append(" OPTIONS\r\nContent-Length: 0\r\n\r\n");
    if (text.size() > out.size()) return std::nullopt;
    std::memcpy(out.data(), text.data(), text.size());
    return WrittenProbe{to, *listener, text.size()};
}

std::optional<ProbeTicket> read_probe_ticket(const KeyedHash& sign, const MessageView& response) noexcept {
    std::string_view branch = response.top_via().branch;
    if (!may_answer_probe(response) || !branch.starts_with(kPrefix)) return std::nullopt;
    branch.remove_prefix(kPrefix.size());
    std::array<std::uint64_t, 5> fields{};
    for (std::size_t i = 0; i < fields.size(); ++i) {
        if (!read_hex(branch.substr(0, kDigits[i]), fields[i])) return std::nullopt;
        branch.remove_prefix(kDigits[i]);
    }
    const ProbeTicket ticket{static_cast<ProbeKind>(fields[0]), static_cast<std::uint8_t>(fields[1]),
                             static_cast<std::uint32_t>(fields[2]), static_cast<ServerId>(fields[3])};
    if (!equal_constant_time(fields[4], ticket_mac(sign, ticket, response.call_id()))) return std::nullopt;
    return ticket;
}

}  // namespace sipsteer
