#include "bench/load/message_writer.hpp"

#include <fmt/format.h>

namespace sipsteer::load {
namespace {

constexpr std::string_view kPhoneHeaders =
    "User-Agent: Load-Phone/1.0 (desk; line 1)\r\n"
    "Allow: INVITE, ACK, CANCEL, OPTIONS, BYE, REFER, NOTIFY, INFO, UPDATE\r\n"
    "Supported: replaces, timer\r\n";

constexpr std::string_view kServerHeaders =
    "Server: Load-Server/1.0\r\n"
    "Allow: OPTIONS, REGISTER, SUBSCRIBE, NOTIFY, PUBLISH, INVITE, ACK, BYE, CANCEL, UPDATE, PRACK, REFER\r\n"
    "Supported: 100rel, timer, replaces, norefersub\r\n";

std::string make_sdp(std::size_t size) {
    std::string sdp =
        "v=0\r\no=- 2890844526 2890844526 IN IP4 127.0.2.1\r\ns=-\r\nc=IN IP4 127.0.2.1\r\nt=0 0\r\n"
        "m=audio 49170 RTP/AVP 0 8 96\r\na=rtpmap:96 telephone-event/8000\r\na=sendrecv\r\n";
    while (sdp.size() + 16 < size) sdp += fmt::format("a=x-note:{:06}\r\n", sdp.size());
    return sdp;
}

}  // namespace

MessageWriter::MessageWriter(const Options& options, std::uint32_t run)
    : proxy_(to_string(options.proxy)), run_(fmt::format("{:08x}", run)), sdp_(make_sdp(options.sdp_bytes)) {
    call_id_end_ = fmt::format("-{}@phones.example.com", run_);
    const std::string_view transport = options.wire == Wire::udp   ? "UDP"
                                       : options.wire == Wire::tcp ? "TCP"
                                                                   : "TLS";
    // In the URIs of Contacts, so that in-dialog requests come the same way.
    if (options.wire != Wire::udp) contact_end_ = fmt::format(";transport={}", to_string(options.wire));
    const auto party = [&](const Address& address) {
        std::string text = to_string(address);
        return Party{text + contact_end_, fmt::format("SIP/2.0/{} {};", transport, text)};
    };
    for (unsigned i = 0; i < options.phones; ++i) {
        phones_.push_back(party(options.phone(i)));
    }
    for (unsigned i = 0; i < options.servers; ++i) {
        servers_.push_back(party(options.server(i)));
    }
    for (unsigned i = 1; i < options.vias; ++i) {
        lower_vias_.push_back(fmt::format(
            "SIP/2.0/UDP 192.0.2.{0}:5060;received=192.0.2.{0};branch=z9hG4bKabcdef012345{0}", i));
    }
}

void MessageWriter::call_id(Text& out, CallNumber number) const { out.number(number, 12) << call_id_end_; }

void MessageWriter::phone_tag(Text& out, CallNumber number) const { (out << "p").number(number, 12) << run_; }

void MessageWriter::server_tag(Text& out, const Call& call) const {
    ((out << "s").number(call.server, 3) << "x").number(call.number, 12);
}

void MessageWriter::phone_head(Text& out, const Call& call, std::string_view method) const {
    (out << "Via: " << phones_[call.phone].via << "rport;branch=z9hG4bK" << method).number(call.number, 12)
        << "\r\n";
    for (const std::string& via : lower_vias_) out << "Via: " << via << "\r\n";
    out << "Max-Forwards: 70\r\nFrom: \"Alice\" <sip:alice@example.com>;tag=";
    phone_tag(out, call.number);
    out << "\r\n";
}

void MessageWriter::with_sdp(Text& out) const {
    (out << "Content-Type: application/sdp\r\nContent-Length: ").number(sdp_.size()) << "\r\n\r\n" << sdp_;
}

void MessageWriter::invite(Text& out, const Call& call, const Call* replaced) const {
    out << "INVITE sip:bob@" << proxy_ << contact_end_ << " SIP/2.0\r\n";
    phone_head(out, call, "INVITE");
    out << "To: \"Bob\" <sip:bob@example.com>\r\nCall-ID: ";
    call_id(out, call.number);
    out << "\r\nCSeq: 1 INVITE\r\nContact: <sip:alice@" << phones_[call.phone].address << ">\r\n";
    if (replaced != nullptr) {
        out << "Replaces: ";
        call_id(out, replaced->number);
        out << ";to-tag=";
        server_tag(out, *replaced);
        out << ";from-tag=";
        phone_tag(out, replaced->number);
        out << "\r\nRequire: replaces\r\n";
    }
    out << kPhoneHeaders;
    with_sdp(out);
}

void MessageWriter::in_dialog(Text& out, const Call& call, std::string_view method, unsigned cseq) const {
    out << method << " sip:bob@" << servers_[call.server].address << " SIP/2.0\r\n";
    phone_head(out, call, method);
    out << "To: \"Bob\" <sip:bob@example.com>;tag=";
    server_tag(out, call);
    out << "\r\nCall-ID: ";
    call_id(out, call.number);
    (out << "\r\nCSeq: ").number(cseq)
        << " " << method << "\r\n"
        << call.phone_routes.view() << kPhoneHeaders << "Content-Length: 0\r\n\r\n";
}

void MessageWriter::server_bye(Text& out, const Call& call) const {
    out << "BYE sip:alice@" << phones_[call.phone].address << " SIP/2.0\r\nVia: " << servers_[call.server].via
        << "rport;branch=z9hG4bKserver";
    out.number(call.number, 12) << "\r\nMax-Forwards: 70\r\nFrom: \"Bob\" <sip:bob@example.com>;tag=";
    server_tag(out, call);
    out << "\r\nTo: \"Alice\" <sip:alice@example.com>;tag=";
    phone_tag(out, call.number);
    out << "\r\nCall-ID: ";
    call_id(out, call.number);
    out << "\r\nCSeq: 1 BYE\r\n"
        << call.server_routes.view() << kServerHeaders << "Content-Length: 0\r\n\r\n";
}

void MessageWriter::copies(Text& out, const ReceivedMessage& request) const {
    for (std::size_t i = 0; i < request.vias.count; ++i) out << "Via: " << request.vias[i] << "\r\n";
    for (std::size_t i = 0; i < request.record_routes.count; ++i)
        out << "Record-Route: " << request.record_routes[i] << "\r\n";
    out << "From: " << request.from << "\r\nCall-ID: " << request.call_id << "\r\nCSeq: " << request.cseq
        << "\r\n";
}

void MessageWriter::answer(Text& out, const ReceivedMessage& request, const Call& call,
                           std::string_view status_line, bool sdp) const {
    out << status_line;
    copies(out, request);
    out << "To: " << request.to;
    if (request.to.find(";tag=") == std::string_view::npos) {
        out << ";tag=";
        server_tag(out, call);
    }
    out << "\r\nContact: <sip:bob@" << servers_[call.server].address << ">\r\n" << kServerHeaders;
    if (sdp) {
        with_sdp(out);
    } else {
        out << "Content-Length: 0\r\n\r\n";
    }
}

void MessageWriter::plain_answer(Text& out, const ReceivedMessage& request,
                                 std::string_view status_line) const {
    out << status_line;
    copies(out, request);
    out << "To: " << request.to << "\r\nContent-Length: 0\r\n\r\n";
}

}  // namespace sipsteer::load
