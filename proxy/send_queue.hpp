#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "proxy/pipeline.hpp"

namespace sipsteer {

/// What waits to be written to one stream: bytes, and which message ends where, so that each is counted
/// by what becomes of it. Bounded; holds no memory while it is empty.
class SendQueue {
  public:
    /// A peer that lets more than this wait is cut off.
    static constexpr std::size_t kMostBytes = 256 * 1024;

    [[nodiscard]] bool empty() const noexcept { return begin_ == bytes_.size(); }
    [[nodiscard]] std::size_t size() const noexcept { return bytes_.size() - begin_; }
    [[nodiscard]] std::string_view waiting() const noexcept {
        return std::string_view{bytes_}.substr(begin_);
    }
    [[nodiscard]] bool takes(std::size_t size) const noexcept { return this->size() + size <= kMostBytes; }

    /// Precondition: takes(bytes.size()).
    void add(const Outcome& outcome, std::string_view bytes) {
        const std::size_t begin = bytes_.size();
        bytes_.append(bytes);
        if (outcome.sends()) messages_.push_back({begin, bytes_.size(), outcome});
    }

    /// The first `size` bytes are written: calls `settle(outcome)` for each message that ends there.
    template <class Settle>
    void written(std::size_t size, Settle settle) {
        begin_ += size;
        std::size_t done = 0;
        while (done < messages_.size() && messages_[done].end <= begin_) settle(messages_[done++].outcome);
        if (empty()) {
            release();
        } else {
            messages_.erase(messages_.begin(), messages_.begin() + static_cast<std::ptrdiff_t>(done));
        }
    }

    /// What has not been written in full is lost: calls `settle(outcome, bytes)` for each.
    template <class Settle>
    void lost(Settle settle) {
        for (const Message& message : messages_)
            settle(message.outcome,
                   std::string_view{bytes_}.substr(message.begin, message.end - message.begin));
        release();
    }

  private:
    struct Message {
        std::size_t begin;
        std::size_t end;
        Outcome outcome;
    };
    /// An assignment of an empty string would keep the memory of the one before.
    void release() noexcept {
        std::string{}.swap(bytes_);
        std::vector<Message>{}.swap(messages_);
        begin_ = 0;
    }

    std::string bytes_;
    std::size_t begin_ = 0;  ///< what lies before is written
    std::vector<Message> messages_;
};

}  // namespace sipsteer
