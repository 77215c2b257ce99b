#pragma once

#include "bench/load/phones.hpp"
#include "bench/load/received_message.hpp"
#include "bench/load/servers.hpp"

namespace sipsteer::load {

/// All phones and servers: reads what comes in and gives it to whom it came for.
class Ends final : public Receiver {
  public:
    explicit Ends(Stage& stage) : stage_(stage), phones_(stage), servers_(stage, phones_) {}
    Ends(const Ends&) = delete;
    Ends& operator=(const Ends&) = delete;

    [[nodiscard]] Phones& phones() noexcept { return phones_; }
    [[nodiscard]] Servers& servers() noexcept { return servers_; }

    void receive(PortIndex port, const Address& from, std::string_view bytes, Time now) override;

  private:
    Stage& stage_;
    Phones phones_;
    Servers servers_;
    ReceivedMessage message_;
};

}  // namespace sipsteer::load
