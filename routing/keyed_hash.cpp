#include "routing/keyed_hash.hpp"

#include <sodium/crypto_kdf.h>
#include <sodium/crypto_shorthash.h>

namespace sipsteer {

static_assert(std::tuple_size_v<KeyedHash::Key> == crypto_shorthash_KEYBYTES);
static_assert(std::tuple_size_v<ClusterKey::Secret> == crypto_kdf_KEYBYTES);

namespace {

/// Lowers eight bytes at once; only ASCII letters change. What stands behind the input is changed too, and is
/// overwritten by what comes next.
void lower_8(char* at) noexcept {
    constexpr std::uint64_t kOnes = 0x0101010101010101;
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    const std::uint64_t seven = word & (0x7f * kOnes);
    const std::uint64_t above_z = seven + (0x7f - 'Z') * kOnes;
    const std::uint64_t from_a = seven + (0x80 - 'A') * kOnes;
    const std::uint64_t upper = (from_a ^ above_z) & ~word & (0x80 * kOnes);
    word |= upper >> 2;
    std::memcpy(at, &word, sizeof word);
}

}  // namespace

std::uint64_t KeyedHash::operator()(std::string_view text) const noexcept {
    std::array<std::uint8_t, crypto_shorthash_BYTES> out;
    crypto_shorthash(out.data(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                     key_.data());
    std::uint64_t value = 0;
    std::memcpy(&value, out.data(), sizeof value);
    return value;
}

std::array<std::uint64_t, 2> KeyedHash::wide(std::string_view text) const noexcept {
    static_assert(crypto_shorthash_siphashx24_KEYBYTES == std::tuple_size_v<Key>);
    std::array<std::uint8_t, crypto_shorthash_siphashx24_BYTES> out;
    crypto_shorthash_siphashx24(out.data(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                                key_.data());
    return std::bit_cast<std::array<std::uint64_t, 2>>(out);
}

void KeyedHash::Input::fold() noexcept {
    const std::uint64_t inner = finish();
    std::memcpy(buffer_.data(), &inner, sizeof inner);
    used_ = sizeof inner;
}

KeyedHash::Input& KeyedHash::Input::add_lower(std::string_view part) noexcept {
    while (part.size() > kMaxPart) {  // a tag may have 1 KiB
        add_lower(part.substr(0, kMaxPart));
        part.remove_prefix(kMaxPart);
    }
    add(part);
    for (char* at = buffer_.data() + used_ - part.size(); at < buffer_.data() + used_; at += 8) lower_8(at);
    return *this;
}

ClusterKey ClusterKey::derive(const Secret& secret) noexcept {
    const auto subkey = [&secret](std::uint64_t id) {
        KeyedHash::Key key;
        crypto_kdf_derive_from_key(key.data(), key.size(), id, "sipsteer", secret.data());
        return KeyedHash{key};
    };
    return {subkey(1), subkey(2), subkey(3), subkey(4)};
}

}  // namespace sipsteer
