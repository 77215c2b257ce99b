#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string_view>

namespace sipsteer {

/// The bytes of a message that is not whole yet. Holds no memory while it is empty.
class ReceiveBuffer {
  public:
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] std::string_view view() const noexcept { return {data_.get(), size_}; }
    [[nodiscard]] std::size_t capacity() const noexcept { return capacity_; }

    void assign(std::string_view bytes);
    /// Where further bytes go, at least kRoom of them; commit() says how many came.
    [[nodiscard]] std::span<char> room();
    void commit(std::size_t size) noexcept { size_ += static_cast<std::uint32_t>(size); }
    /// Takes bytes off the front.
    void consume(std::size_t size) noexcept;

  private:
    static constexpr std::size_t kRoom = 1024;
    void grow(std::size_t least);

    std::unique_ptr<char[]> data_;
    std::uint32_t size_ = 0;
    std::uint32_t capacity_ = 0;
};

}  // namespace sipsteer
