#pragma once

#include <array>
#include <string_view>

namespace sipsteer::load {

/// Values of a header that may come several times, in order.
template <std::size_t Size>
struct Values {
    std::array<std::string_view, Size> values;
    std::size_t count = 0;

    void add(std::string_view value) noexcept {
        if (count < Size) values[count] = value;
        ++count;
    }
    [[nodiscard]] std::string_view operator[](std::size_t i) const noexcept {
        return i < count && i < Size ? values[i] : std::string_view{};
    }
};

/// A message as the generator reads it: for what the generator itself wrote and a proxy changed, no more.
/// Not the proxy's own parser, so that a mistake of it is seen here. Views into the bytes given.
struct ReceivedMessage {
    /// False when it is no SIP message.
    [[nodiscard]] bool read(std::string_view bytes) noexcept;

    /// Of the CSeq.
    [[nodiscard]] std::string_view method() const noexcept;
    /// The number in the Call-ID, if `run` is in it as well; else 0.
    [[nodiscard]] std::uint64_t call_number(std::uint32_t run) const noexcept;

    int status = 0;  ///< 0: a request
    int max_forwards = -1;
    std::string_view start_line;
    std::string_view from, to, call_id, cseq, contact, body;
    Values<12> vias;
    Values<8> routes;
    Values<8> record_routes;
};

}  // namespace sipsteer::load
