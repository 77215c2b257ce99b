#pragma once

#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <string_view>

namespace sipsteer::test {

/// Random choices from one number, so that a failure is repeated by its seed. For what rapidcheck need
/// not make smaller: whole conversations.
class Dice {
  public:
    explicit Dice(std::uint64_t seed) : random_(seed) {}

    /// 0 to n - 1.
    [[nodiscard]] std::size_t below(std::size_t n) { return static_cast<std::size_t>(random_() % n); }
    [[nodiscard]] bool one_in(std::size_t n) { return below(n) == 0; }

    template <class Range>
    [[nodiscard]] const auto& of(const Range& range) {
        return range[below(std::size(range))];
    }

    /// Letters and digits in both cases: a tag, a branch, a Call-ID.
    [[nodiscard]] std::string word(std::size_t length = 8) {
        constexpr std::string_view kChars = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
        std::string text(length, ' ');
        for (char& c : text) c = kChars[below(kChars.size())];
        return text;
    }

    /// A few bytes changed, removed or put in.
    [[nodiscard]] std::string mutated(std::string text) {
        for (std::size_t i = 1 + below(6); i > 0 && !text.empty(); --i) {
            const std::size_t at = below(text.size());
            switch (below(4)) {
                case 0: text[at] = static_cast<char>(random_()); break;
                case 1: text.erase(at, 1 + below(8)); break;
                case 2: text.insert(at, 1, ";,<>\"@:%[]\r\n \0=/"[below(17)]); break;
                default: text.insert(at, text.substr(below(text.size()), 1 + below(40))); break;
            }
        }
        return text;
    }

  private:
    std::mt19937_64 random_;
};

}  // namespace sipsteer::test
