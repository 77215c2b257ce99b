#pragma once

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "parser/message_view.hpp"
#include "routing/decision.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer::sample {

/// A parsed message together with its bytes.
class Message {
  public:
    explicit Message(std::string text) : text_(std::make_unique<std::string>(std::move(text))) {
        const auto result = view_->parse(*text_);
        if (!result) throw std::invalid_argument(std::string(to_string(result.error())) + ":\n" + *text_);
    }
    [[nodiscard]] const MessageView& view() const { return *view_; }
    [[nodiscard]] const std::string& text() const { return *text_; }

  private:
    std::unique_ptr<std::string> text_;
    std::unique_ptr<MessageView> view_ = std::make_unique<MessageView>();
};

/// A sound message to change by name. Lines are as written, without CRLF.
struct Draft {
    std::string start = "INVITE sip:bob@pbx.example.com SIP/2.0";
    std::vector<std::string> vias = {"Via: SIP/2.0/UDP 192.0.2.7:5060;branch=z9hG4bK1"};
    std::string from = "From: <sip:ann@example.net>;tag=f1";
    std::string to = "To: <sip:bob@pbx.example.com>";
    std::string call_id = "Call-ID: c1@192.0.2.7";
    std::string cseq = "CSeq: 1 INVITE";
    std::vector<std::string> more = {};
    std::string body = {};

    [[nodiscard]] std::string text() const {
        std::string out = start + "\r\n";
        for (const std::string& via : vias) out += via + "\r\n";
        for (const std::string* line : {&from, &to, &call_id, &cseq}) out += *line + "\r\n";
        for (const std::string& line : more) out += line + "\r\n";
        return out + "\r\n" + body;
    }
    [[nodiscard]] Message message() const { return Message(text()); }
};

inline ClusterKey key(std::uint8_t fill = 7) {
    ClusterKey::Secret secret;
    secret.fill(fill);
    return ClusterKey::derive(secret);
}

inline Endpoint endpoint(std::string_view address, std::uint16_t port = 5060,
                         Transport transport = Transport::udp) {
    return {parse_ip(address).value(), port, transport};
}

inline MediaServer server(const std::string& name, const std::string& address, std::uint32_t weight = 1) {
    MediaServer one;
    one.name = name;
    one.uri = "sip:" + address + ":5060";
    one.endpoints = {endpoint(address)};
    one.weight = weight;
    return one;
}

inline Listener listener(std::string_view address, std::uint16_t port = 5060,
                         ListenerSide side = ListenerSide::both, Transport transport = Transport::udp) {
    Listener one;
    one.bind = endpoint(address, port, transport);
    one.side = side;
    one.advertised_host = one.bind.address.v6 ? "[" + std::string(address) + "]" : std::string(address);
    one.advertised_port = port;
    return one;
}

/// pbx-1 to pbx-3 at 10.0.0.1 to 10.0.0.3, and us at 192.0.2.1:5060.
inline Snapshot snapshot() {
    Snapshot one{.key = key()};
    one.servers =
        ServerSet({server("pbx-1", "10.0.0.1"), server("pbx-2", "10.0.0.2"), server("pbx-3", "10.0.0.3")},
                  {"default"}, one.key);
    one.local = LocalAddresses({listener("192.0.2.1")}, {}, {});
    return one;
}

}  // namespace sipsteer::sample
