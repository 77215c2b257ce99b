#pragma once

#include <cstdint>
#include <cstring>
#include <string_view>

namespace sipsteer::load {

/// Longest message that is written or read.
inline constexpr std::size_t kMaxMessage = 9000;

/// Appends to a buffer of kMaxMessage bytes; what does not fit is left out.
class Text {
  public:
    explicit Text(char* buffer) noexcept : begin_(buffer), end_(buffer) {}

    Text& operator<<(std::string_view part) noexcept {
        if (part.size() <= kMaxMessage - size()) {
            std::memcpy(end_, part.data(), part.size());
            end_ += part.size();
        }
        return *this;
    }

    /// With leading zeros up to `width`: at most 20 digits.
    Text& number(std::uint64_t value, std::size_t width = 1) noexcept {
        char digits[20];
        char* first = digits + sizeof digits;
        do {
            *--first = static_cast<char>('0' + value % 10);
            value /= 10;
        } while (value != 0);
        while (first > digits + sizeof digits - width) *--first = '0';
        return *this << std::string_view{first, static_cast<std::size_t>(digits + sizeof digits - first)};
    }

    [[nodiscard]] std::size_t size() const noexcept { return static_cast<std::size_t>(end_ - begin_); }
    [[nodiscard]] std::string_view view() const noexcept { return {begin_, size()}; }

  private:
    char* begin_;
    char* end_;
};

}  // namespace sipsteer::load
