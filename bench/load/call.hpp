#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "bench/load/address.hpp"
#include "bench/load/time.hpp"

namespace sipsteer::load {

/// Names a call for the whole run; it is in the Call-ID and in both tags. 0 is none.
using CallNumber = std::uint64_t;

/// A piece of text that one end of a call keeps.
template <std::size_t Size>
struct Kept {
    std::array<char, Size> bytes;
    std::uint16_t size = 0;

    [[nodiscard]] std::string_view view() const noexcept { return {bytes.data(), size}; }
};

/// One call, with what its phone and its server know of it.
struct Call {
    static constexpr std::uint16_t kNoServer = 0xffff;

    /// What is sent again when it gets no answer.
    enum class Waits : std::uint8_t { nothing, invite, ok, phone_bye, server_bye };

    CallNumber number = 0;
    std::uint16_t phone = 0;
    std::uint16_t server = kNoServer;  ///< the one that got its INVITE
    Waits waits = Waits::nothing;
    bool answered = false;  ///< its phone has seen the 200
    bool ringing = false;   ///< the 100 or 180
    bool acked = false;     ///< its server has seen the ACK
    std::uint8_t tries = 0;
    CallNumber replaces = 0;     ///< this call takes the place of that one
    CallNumber replaced_by = 0;  ///< and the other way round
    Time begun = 0;              ///< when it was to begin
    Time request_sent = 0;
    Time response_sent = 0;
    Address server_peer{};     ///< where its INVITE came from: the proxy, as its server sees it
    Kept<1024> phone_routes;   ///< Route lines, from the 200
    Kept<1024> server_routes;  ///< likewise, from the INVITE
    Kept<3072> ok;             ///< the 200 to the INVITE, to be sent again; empty when it was longer
};

}  // namespace sipsteer::load
