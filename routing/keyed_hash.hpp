#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "routing/copy_bytes.hpp"

namespace sipsteer {

/// SipHash-2-4 over a sequence of parts, each with its length, so that ("ab","c") and ("a","bc")
/// differ. Keyed: whoever picks the input cannot pick the hash. Pure; about 20 ns plus 1 ns a byte.
class KeyedHash {
  public:
    using Key = std::array<std::uint8_t, 16>;

    explicit KeyedHash(const Key& key) noexcept : key_(key) {}

    /// One input under construction, on the stack.
    class Input {
      public:
        explicit Input(const KeyedHash& hash) noexcept : hash_(hash) {}

        /// A part longer than kMaxPart is hashed first, so any length is safe.
        Input& add(std::string_view part) noexcept {
            put(static_cast<std::uint32_t>(part.size()));
            if (part.size() > kMaxPart) {
                put(hash_(part));
            } else {
                copy_bytes(buffer_.data() + used_, part);
                used_ += part.size();
            }
            return *this;
        }
        /// The same, upper case read as lower case: for tags and host names.
        Input& add_lower(std::string_view part) noexcept;
        Input& add(std::uint32_t number) noexcept {
            put(number);
            return *this;
        }
        Input& add_word(std::uint64_t number) noexcept {
            put(number);
            return *this;
        }
        [[nodiscard]] std::uint64_t finish() const noexcept { return hash_({buffer_.data(), used_}); }

      private:
        static constexpr std::size_t kMaxPart = 128;
        /// Room for one more part is always left; what is too much becomes its hash.
        template <class Number>
        void put(Number number) noexcept {
            if (used_ + kMaxPart + 2 * sizeof number > buffer_.size()) fold();
            std::memcpy(buffer_.data() + used_, &number, sizeof number);
            used_ += sizeof number;
        }
        void fold() noexcept;

        const KeyedHash& hash_;
        std::size_t used_ = 0;
        std::array<char, 512> buffer_;
    };

    [[nodiscard]] std::uint64_t operator()(std::string_view text) const noexcept;
    /// The variant with 128 bits.
    [[nodiscard]] std::array<std::uint64_t, 2> wide(std::string_view text) const noexcept;

  private:
    Key key_;
};

/// The secrets of a cluster, derived from the key file; equal on all proxies that share it, and over
/// restarts. `sign` for what others hand back to us, `table` for table keys, `place` for placement, `call`
/// for Call-IDs (CallDigest).
struct ClusterKey {
    KeyedHash sign;
    KeyedHash table;
    KeyedHash place;
    KeyedHash call;

    using Secret = std::array<std::uint8_t, 32>;
    [[nodiscard]] static ClusterKey derive(const Secret& secret) noexcept;
};

/// Compares without telling by its time where the difference is.
[[nodiscard]] constexpr bool equal_constant_time(std::uint64_t a, std::uint64_t b) noexcept {
    return (a ^ b) == 0;
}

}  // namespace sipsteer
