#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "bench/load/text.hpp"
#include "bench/load/transport.hpp"

namespace sipsteer::load {

/// No network: what is sent goes through a function, and waits in order.
class MemoryTransport final : public Transport {
  public:
    struct Passed {
        PortIndex to;
        std::string bytes;
    };
    /// What stands in the middle.
    using Middle = std::function<Passed(PortIndex from, const std::string& bytes)>;

    explicit MemoryTransport(Middle middle) : middle_(std::move(middle)) {}

    /// Hands over everything, and what that sends, up to some thousand messages.
    void turn(Time, Receiver& receiver) override {
        for (int i = 0; i < kMostMessages && !queue_.empty(); ++i) {
            const Passed passed = std::move(queue_.front());
            queue_.pop_front();
            receiver.receive(passed.to, {0x7f000001, 5060}, passed.bytes, clock_now());
        }
    }
    [[nodiscard]] char* slot() override { return slot_.get(); }
    void send(PortIndex port, const Address&, std::size_t size, Time& stamp) override {
        stamp = clock_now();
        queue_.push_back(middle_(port, {slot_.get(), size}));
    }
    [[nodiscard]] std::uint64_t refused() const noexcept override { return 0; }

  private:
    static constexpr int kMostMessages = 20000;

    Middle middle_;
    std::deque<Passed> queue_;
    std::unique_ptr<char[]> slot_ = std::make_unique<char[]>(kMaxMessage);
};

}  // namespace sipsteer::load
