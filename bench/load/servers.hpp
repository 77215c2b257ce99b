#pragma once

#include "bench/load/phones.hpp"

namespace sipsteer::load {

/// What all media servers do. They know their dialogs, and notice what belongs to another.
class Servers {
  public:
    Servers(Stage& stage, Phones& phones) : stage_(stage), phones_(phones) {}

    void receive(std::uint16_t server, const Address& from, const ReceivedMessage& message,
                 std::string_view bytes, Time now);
    void send_ok(Call& call, Time now);
    void send_bye(Call& call, Time now);

  private:
    void check(const Call& call, const ReceivedMessage& request, std::string_view bytes) const;
    void take_invite(std::uint16_t server, const Address& from, Call& call, const ReceivedMessage& request,
                     std::string_view bytes, Time now);
    void take_ack(Call& call, Time now);
    void take_response(std::uint16_t server, const ReceivedMessage& response, std::string_view bytes,
                       Time now);
    void answer(std::uint16_t server, const Address& to, const ReceivedMessage& request, Call& call,
                std::string_view status_line);
    void answer_options(std::uint16_t server, const Address& to, const ReceivedMessage& request);

    Stage& stage_;
    Phones& phones_;
    Time ignored_ = 0;
};

}  // namespace sipsteer::load
