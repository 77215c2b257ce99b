#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>

namespace sipsteer {

/// A copy of `text` in a heap block of exactly its size: AddressSanitizer sees a read past its end.
class ExactBytes {
  public:
    explicit ExactBytes(std::string_view text) : size_(text.size()), bytes_(new char[text.size()]) {
        std::ranges::copy(text, bytes_.get());
    }

    [[nodiscard]] std::string_view view() const { return {bytes_.get(), size_}; }
    [[nodiscard]] char& operator[](std::size_t i) { return bytes_[i]; }

  private:
    std::size_t size_;
    std::unique_ptr<char[]> bytes_;
};

}  // namespace sipsteer
