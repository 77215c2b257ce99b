#pragma once

#include <string>
#include <string_view>

namespace sipsteer::bench {

/// The messages that the figures are about (sizes as in the anchors): an INVITE of 862 bytes with SDP, its
/// answers, the ACK and BYE of 508, and an INVITE of 1200 with Replaces and four Vias.
[[nodiscard]] const std::string& invite();
[[nodiscard]] const std::string& invite_replaces();
[[nodiscard]] const std::string& ack();
[[nodiscard]] const std::string& bye();

/// The 200 that a server sends to what it received.
[[nodiscard]] std::string ok_to(std::string_view request, std::string_view to_tag);

}  // namespace sipsteer::bench
