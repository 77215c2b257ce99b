#include "proxy/receive_buffer.hpp"

#include <bit>
#include <cstring>

namespace sipsteer {

void ReceiveBuffer::grow(std::size_t least) {
    const std::size_t capacity = std::bit_ceil(least);
    std::unique_ptr<char[]> larger{new char[capacity]};
    if (size_ != 0) std::memcpy(larger.get(), data_.get(), size_);
    data_ = std::move(larger);
    capacity_ = static_cast<std::uint32_t>(capacity);
}

void ReceiveBuffer::assign(std::string_view bytes) {
    size_ = 0;
    if (bytes.empty()) {
        data_.reset();
        capacity_ = 0;
        return;
    }
    if (bytes.size() > capacity_) grow(bytes.size() + kRoom);
    std::memcpy(data_.get(), bytes.data(), bytes.size());
    size_ = static_cast<std::uint32_t>(bytes.size());
}

std::span<char> ReceiveBuffer::room() {
    if (capacity_ - size_ < kRoom) grow(size_ + kRoom);
    return {data_.get() + size_, capacity_ - size_};
}

void ReceiveBuffer::consume(std::size_t size) noexcept {
    size_ -= static_cast<std::uint32_t>(size);
    if (size_ == 0) {
        data_.reset();
        capacity_ = 0;
    } else if (size != 0) {
        std::memmove(data_.get(), data_.get() + size, size_);
    }
}

}  // namespace sipsteer
