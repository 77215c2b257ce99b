#include "bench/micro/messages.hpp"

#include <fmt/format.h>

namespace sipsteer::bench {
namespace {

constexpr std::string_view kSdp =
    "v=0\r\no=alice 2890844526 2890844526 IN IP4 192.0.2.7\r\ns=-\r\nc=IN IP4 192.0.2.7\r\nt=0 0\r\n"
    "m=audio 49170 RTP/AVP 0 8 96\r\na=rtpmap:0 PCMU/8000\r\na=rtpmap:8 PCMA/8000\r\n"
    "a=rtpmap:96 telephone-event/8000\r\na=fmtp:96 0-15\r\na=ptime:20\r\na=sendrecv\r\n";

constexpr std::string_view kDialog =
    "From: \"Alice\" <sip:alice@example.com>;tag=a73kszlfl9\r\n"
    "To: \"Bob\" <sip:bob@example.com>{to}\r\n"
    "Call-ID: 3848276298220188511@192.0.2.7\r\n";

std::string fill(std::string head, std::string_view body, std::size_t size) {
    // The rest of the size is what phones say about themselves: opaque to a proxy.
    std::string tail = fmt::format("Content-Length: {}\r\n\r\n{}", body.size(), body);
    std::string padding =
        "User-Agent: Example-Phone/2.4.1 (desk; firmware 2024.11)\r\n"
        "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, INFO\r\n";
    const std::size_t used = head.size() + tail.size() + padding.size();
    if (used + 10 < size) padding += "X-Note: " + std::string(size - used - 10, 'n') + "\r\n";
    return head + padding + tail;
}

std::string dialog(std::string_view to) { return fmt::format(fmt::runtime(kDialog), fmt::arg("to", to)); }

std::string make_invite() {
    return fill(
        "INVITE sip:bob@example.com SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK776asdhds;rport\r\n"
        "Max-Forwards: 70\r\n" +
            dialog("") +
            "CSeq: 314159 INVITE\r\nContact: <sip:alice@192.0.2.7:5060>\r\nContent-Type: application/sdp\r\n",
        kSdp, 862);
}

std::string make_invite_replaces() {
    return fill(
        "INVITE sip:bob@example.com SIP/2.0\r\n"
        "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK776asdhds;rport\r\n"
        "Via: SIP/2.0/UDP 192.0.2.17:5060;branch=z9hG4bK1111aaaa;received=192.0.2.17\r\n"
        "Via: SIP/2.0/UDP 192.0.2.27:5060;branch=z9hG4bK2222bbbb;received=192.0.2.27\r\n"
        "Via: SIP/2.0/UDP 192.0.2.37:5060;branch=z9hG4bK3333cccc;received=192.0.2.37\r\n"
        "Max-Forwards: 67\r\n" +
            dialog("") +
            "CSeq: 314159 INVITE\r\nContact: <sip:alice@192.0.2.7:5060>\r\n"
            "Replaces: 12adf2f34456gs5@192.0.2.9;to-tag=12345;from-tag=54321\r\nRequire: replaces\r\n"
            "Content-Type: application/sdp\r\n",
        kSdp, 1200);
}

std::string make_in_dialog(std::string_view method, int cseq) {
    return fill(fmt::format("{} sip:bob@192.0.2.200:5060 SIP/2.0\r\n"
                            "Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK776{}99;rport\r\n"
                            "Max-Forwards: 70\r\n",
                            method, method) +
                    dialog(";tag=314159") + fmt::format("CSeq: {} {}\r\n", cseq, method),
                "", 508);
}

}  // namespace

const std::string& invite() {
    static const std::string message = make_invite();
    return message;
}

const std::string& invite_replaces() {
    static const std::string message = make_invite_replaces();
    return message;
}

const std::string& ack() {
    static const std::string message = make_in_dialog("ACK", 314159);
    return message;
}

const std::string& bye() {
    static const std::string message = make_in_dialog("BYE", 314160);
    return message;
}

std::string ok_to(std::string_view request, std::string_view to_tag) {
    std::string out = "SIP/2.0 200 OK\r\n";
    std::size_t at = request.find("\r\n") + 2;
    while (true) {
        const std::size_t end = request.find("\r\n", at);
        const std::string_view line = request.substr(at, end - at);
        if (line.empty()) break;
        const bool to = line.starts_with("To:");
        if (to || line.starts_with("Via:") || line.starts_with("From:") || line.starts_with("Call-ID:") ||
            line.starts_with("CSeq:") || line.starts_with("Record-Route:")) {
            out += line;
            if (to && line.find(";tag=") == std::string_view::npos) out += fmt::format(";tag={}", to_tag);
            out += "\r\n";
        }
        at = end + 2;
    }
    return out + fmt::format(
                     "Contact: <sip:192.0.2.200:5060>\r\nContent-Type: application/sdp\r\nContent-Length: "
                     "{}\r\n\r\n{}",
                     kSdp.size(), kSdp);
}

}  // namespace sipsteer::bench
