#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "routing/connection_id.hpp"
#include "routing/endpoint.hpp"
#include "routing/keyed_hash.hpp"
#include "routing/local_addresses.hpp"

namespace sipsteer {

/// The way back to a peer that may be reachable by no other one (RFC 5626 §3): over UDP its address as
/// the kernel saw it and our listener, over a stream the connection.
struct Flow {
    Endpoint peer;  ///< of a stream only the transport is kept in a token
    ListenerIndex listener = 0;
    ConnectionId connection = kNoConnection;

    friend constexpr bool operator==(const Flow&, const Flow&) noexcept = default;
};

/// A flow as text that others hand back to us in a Via, Route or R-URI (RFC 5626 §5.3): hex digits and a
/// MAC. Plain value; never empty.
class FlowToken {
  public:
    [[nodiscard]] std::string_view view() const noexcept { return {text_.data(), size_}; }

  private:
    friend FlowToken make_flow_token(const KeyedHash& sign, std::string_view context,
                                     const Flow& flow) noexcept;
    std::array<char, 2 + 1 + 4 + 32 + 16> text_{};
    std::uint8_t size_ = 0;
};

/// `context`: what the token is bound to, so that it is worth nothing elsewhere: a Call-ID, or empty for
/// Path, whose token serves many calls (RFC 3327). The same text on every worker and after a restart.
[[nodiscard]] FlowToken make_flow_token(const KeyedHash& sign, std::string_view context,
                                        const Flow& flow) noexcept;

/// None: not a token of ours, or of another context. The flow may be dead all the same.
[[nodiscard]] std::optional<Flow> read_flow_token(const KeyedHash& sign, std::string_view context,
                                                  std::string_view text) noexcept;

}  // namespace sipsteer
