#pragma once

#include <cstdint>
#include <string_view>

#include "bench/load/address.hpp"
#include "bench/load/time.hpp"

namespace sipsteer::load {

/// One end that the generator plays: first the servers, then the phones.
using PortIndex = std::uint16_t;

/// Takes what comes in.
class Receiver {
  public:
    virtual void receive(PortIndex port, const Address& from, std::string_view bytes, Time now) = 0;

  protected:
    ~Receiver() = default;
};

/// Moves messages between all ends and whatever stands in the middle.
class Transport {
  public:
    virtual ~Transport() = default;

    /// Waits up to `timeout`, hands what came to `receiver`, and sends what that wrote.
    virtual void turn(Time timeout, Receiver& receiver) = 0;

    /// Room for a message of kMaxMessage bytes. Good until send() or turn().
    [[nodiscard]] virtual char* slot() = 0;
    /// Sends what stands in the slot at the end of the turn; *stamp becomes the time of that.
    virtual void send(PortIndex port, const Address& to, std::size_t size, Time& stamp) = 0;

    /// Messages that the kernel did not take.
    [[nodiscard]] virtual std::uint64_t refused() const noexcept = 0;
};

}  // namespace sipsteer::load
