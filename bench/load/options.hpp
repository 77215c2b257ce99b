#pragma once

#include <cstdint>
#include <string>

#include "bench/load/address.hpp"

namespace sipsteer::load {

enum class Mode : std::uint8_t {
    calls,      ///< INVITE, 100, 180, 200, ACK, BYE, 200
    one_way,    ///< INVITE alone, never answered nor sent again
    transfers,  ///< a call; INVITE with Replaces of it to its owner, 100, 200, ACK; the owner's BYE of the
                ///< old call, 200; BYE of the new one, 200
};

/// What stands between phones and servers, and so what is checked.
enum class Middle : std::uint8_t {
    proxy,  ///< adds and strips its Via, counts Max-Forwards down, takes its Route out, keeps a call on a
            ///< server
    relay,  ///< passes bytes on unchanged
};

/// How messages travel, on both sides of the middle.
enum class Wire : std::uint8_t { udp, tcp, tls };

struct Options {
    Mode mode = Mode::calls;
    Wire wire = Wire::udp;
    Middle middle = Middle::proxy;
    Address proxy{0x7f000001, 5060};         ///< where the phones send
    Address first_phone{0x7f000201, 20000};  ///< the others have the addresses behind it
    unsigned phones = 64;
    Address first_server{0x7f000101, 5060};  ///< the others have the addresses behind it
    unsigned servers = 4;
    unsigned in_flight = 64;  ///< closed loop: calls at a time
    double rate = 0;          ///< open loop: calls begun in a second; 0: closed loop
    std::uint64_t calls = 0;  ///< end after so many; 0: by time alone
    double seconds = 5;       ///< measured time, at most
    double warm_up = 1;       ///< before it, not measured
    double settle = 0;   ///< seconds before the first call: servers only answer the questions of the proxy
    double give_up = 8;  ///< a call that takes longer is lost
    unsigned vias = 2;   ///< of a phone's request
    unsigned sdp_bytes = 300;  ///< about
    std::string certificate;   ///< TLS: PEM files, for all ends
    std::string private_key;
    int target = 0;    ///< the process whose CPU time, with that of its children, is read; 0: none
    std::string json;  ///< file for the result; empty: none, "-": in place of the text

    [[nodiscard]] Address phone(unsigned number) const noexcept {
        return {first_phone.ip + number, first_phone.port};
    }
    [[nodiscard]] Address server(unsigned number) const noexcept {
        return {first_server.ip + number, first_server.port};
    }
};

/// Reads the command line; prints what is wrong, or the help, and ends the process.
[[nodiscard]] Options parse_options(int argc, char** argv);

[[nodiscard]] const char* to_string(Mode mode) noexcept;
[[nodiscard]] const char* to_string(Wire wire) noexcept;

}  // namespace sipsteer::load
