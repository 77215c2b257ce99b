#include "routing/branch.hpp"

#include <algorithm>

#include "routing/hex.hpp"

namespace sipsteer {
namespace {

constexpr std::string_view kCookie = "z9hG4bK";
constexpr std::string_view kReplyPrefix = "ss";

/// An RFC 3261 branch: the cookie and more behind it (a bare cookie is none).
bool has_cookie(std::string_view branch) noexcept {
    return branch.size() > kCookie.size() && iequals(branch.substr(0, kCookie.size()), kCookie);
}

/// Longer than the eight bytes of a Record-Route's MAC, which has the same key.
std::uint64_t branch_mac(const CallDigest& call, const ViaView& via, const MessageView& message,
                         ServerId origin) noexcept {
    const KeyedHash sign = call.sign();
    KeyedHash::Input input{sign};
    input.add(message.cseq_number()).add(origin).add(via.port).add(via.branch).add_lower(via.host);
    // An RFC 2543 client gives no unique branch; with the From tag the rest still names the
    // transaction (RFC 3261 §16.11), and CANCEL and ACK carry the same.
    if (!has_cookie(via.branch)) input.add(message.from_tag());
    return input.finish();
}

std::uint32_t reply_mac(const KeyedHash& sign, const MessageView& message) noexcept {
    return static_cast<std::uint32_t>(KeyedHash::Input{sign}
                                          .add("to-tag")
                                          .add(message.call_id())
                                          .add(message.from_tag())
                                          .add(message.cseq_number())
                                          .finish());
}

}  // namespace

BranchText make_branch(const CallDigest& call, const MessageView& request, ServerId origin) noexcept {
    BranchText text;
    char* at = std::ranges::copy(kBranchPrefix, text.begin()).out;
    at = write_hex(at, origin, kBranchOriginDigits);
    write_hex(at, branch_mac(call, request.top_via(), request, origin), 16);
    return text;
}

std::optional<ServerId> read_branch_origin(const MessageView& response) noexcept {
    const std::string_view branch = response.top_via().branch;
    std::uint64_t origin = 0;
    if (branch.size() != std::tuple_size_v<BranchText> || !branch.starts_with(kBranchPrefix) ||
        !read_hex(branch.substr(kBranchPrefix.size(), kBranchOriginDigits), origin)) {
        return std::nullopt;
    }
    return static_cast<ServerId>(origin);
}

std::optional<ServerId> verify_branch(const CallDigest& call, const MessageView& response,
                                      const ViaView& next_via) noexcept {
    const auto origin = read_branch_origin(response);
    if (!origin) return std::nullopt;
    const std::string_view digits =
        response.top_via().branch.substr(kBranchPrefix.size() + kBranchOriginDigits);
    std::uint64_t mac = 0;
    if (!read_hex(digits, mac) || !equal_constant_time(mac, branch_mac(call, next_via, response, *origin)))
        return std::nullopt;
    return origin;
}

ReplyTag make_reply_tag(const KeyedHash& sign, const MessageView& request) noexcept {
    ReplyTag tag;
    char* at = std::ranges::copy(kReplyPrefix, tag.begin()).out;
    write_hex(at, reply_mac(sign, request), 8);
    return tag;
}

bool is_reply_tag(const KeyedHash& sign, const MessageView& ack) noexcept {
    const std::string_view tag = ack.to_tag();
    std::uint64_t mac = 0;
    return tag.size() == std::tuple_size_v<ReplyTag> && tag.starts_with(kReplyPrefix) &&
           read_hex(tag.substr(kReplyPrefix.size()), mac) && equal_constant_time(mac, reply_mac(sign, ack));
}

}  // namespace sipsteer
