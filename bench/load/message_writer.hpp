#pragma once

#include <string>
#include <vector>

#include "bench/load/call.hpp"
#include "bench/load/options.hpp"
#include "bench/load/received_message.hpp"
#include "bench/load/text.hpp"

namespace sipsteer::load {

/// Writes what phones and servers send. The same call gives the same bytes again.
class MessageWriter {
  public:
    MessageWriter(const Options& options, std::uint32_t run);

    /// `replaced`: the call that this one takes the place of, or nullptr.
    void invite(Text& out, const Call& call, const Call* replaced) const;
    void ack(Text& out, const Call& call) const { in_dialog(out, call, "ACK", 1); }
    void bye(Text& out, const Call& call) const { in_dialog(out, call, "BYE", 2); }
    /// The server's.
    void server_bye(Text& out, const Call& call) const;

    /// A server's answer to what it received of `call`.
    void answer(Text& out, const ReceivedMessage& request, const Call& call, std::string_view status_line,
                bool sdp) const;
    /// An answer that leaves To as it is.
    void plain_answer(Text& out, const ReceivedMessage& request, std::string_view status_line) const;

    /// Keeps the route set: of a response in reverse order (RFC 3261 §12.1.2), of a request as it stands.
    template <std::size_t Size>
    static void keep_routes(Kept<Size>& routes, const ReceivedMessage& message);

    [[nodiscard]] std::string_view sdp() const noexcept { return sdp_; }
    /// "SIP/2.0/UDP 127.0.2.1:20000;", the beginning of a phone's Via.
    [[nodiscard]] std::string_view via_of(std::uint16_t phone) const noexcept { return phones_[phone].via; }
    [[nodiscard]] std::string_view via_of_server(std::uint16_t server) const noexcept {
        return servers_[server].via;
    }
    /// The Vias below it, alike in all requests.
    [[nodiscard]] const std::vector<std::string>& lower_vias() const noexcept { return lower_vias_; }

  private:
    struct Party {
        std::string address, via;
    };

    void in_dialog(Text& out, const Call& call, std::string_view method, unsigned cseq) const;
    void phone_head(Text& out, const Call& call, std::string_view method) const;
    void call_id(Text& out, CallNumber number) const;
    void phone_tag(Text& out, CallNumber number) const;
    void server_tag(Text& out, const Call& call) const;
    void copies(Text& out, const ReceivedMessage& request) const;
    void with_sdp(Text& out) const;

    std::string proxy_, contact_end_, run_, call_id_end_, sdp_;
    std::vector<Party> phones_, servers_;
    std::vector<std::string> lower_vias_;
};

template <std::size_t Size>
void MessageWriter::keep_routes(Kept<Size>& routes, const ReceivedMessage& message) {
    char buffer[kMaxMessage];
    Text text{buffer};
    const std::size_t count = message.record_routes.count;
    for (std::size_t i = 0; i < count; ++i) {
        text << "Route: " << message.record_routes[message.status != 0 ? count - 1 - i : i] << "\r\n";
    }
    routes.size = static_cast<std::uint16_t>(text.size() <= Size ? text.size() : 0);
    std::memcpy(routes.bytes.data(), buffer, routes.size);
}

}  // namespace sipsteer::load
