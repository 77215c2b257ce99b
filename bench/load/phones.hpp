#pragma once

#include "bench/load/received_message.hpp"
#include "bench/load/stage.hpp"

namespace sipsteer::load {

/// What all phones do.
class Phones {
  public:
    explicit Phones(Stage& stage) : stage_(stage) {}

    /// A new call that was due at `due`; nothing when too many are going on.
    void begin(Time due, Time now);
    /// A call that takes the place of `replaced`.
    void begin_transfer(Call& replaced, Time now);

    void send_invite(Call& call, Time now);
    void send_bye(Call& call, Time now);
    void receive(std::uint16_t phone, const Address& from, const ReceivedMessage& message,
                 std::string_view bytes, Time now);

  private:
    void check(std::uint16_t phone, const Call& call, const ReceivedMessage& message,
               std::string_view bytes) const;
    void take_ok(Call& call, const ReceivedMessage& message, Time now);
    void take_request(std::uint16_t phone, const Address& from, const ReceivedMessage& request,
                      std::string_view bytes, Time now);
    void send_ack(Call& call);
    void transmit(Call& call, const Text& text, Time& stamp);

    Stage& stage_;
    std::uint16_t next_ = 0;
    Time ignored_ = 0;
};

}  // namespace sipsteer::load
