#include "routing/keyed_hash.hpp"

#include <sodium/crypto_kdf.h>
#include <sodium/crypto_shorthash.h>

namespace sipsteer {

static_assert(std::tuple_size_v<KeyedHash::Key> == crypto_shorthash_siphash24_KEYBYTES);
static_assert(std::tuple_size_v<ClusterKey::Secret> == crypto_kdf_KEYBYTES);

namespace {

constexpr std::size_t kLowered = 16;  // bytes at once: one vector

/// Only ASCII letters change. What stands behind the input is changed too, and is overwritten by what comes
/// next.
void lower(char* at) noexcept {
    std::array<char, kLowered> bytes;
    std::memcpy(bytes.data(), at, kLowered);
    for (char& byte : bytes) byte = static_cast<char>(byte | (byte >= 'A' && byte <= 'Z' ? 0x20 : 0));
    std::memcpy(at, bytes.data(), kLowered);
}

}  // namespace

std::uint64_t KeyedHash::operator()(std::string_view text) const noexcept {
    std::array<std::uint8_t, crypto_shorthash_siphash24_BYTES> out;
    crypto_shorthash_siphash24(out.data(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                               key_.data());
    return std::bit_cast<std::uint64_t>(out);
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
    static_assert(kMaxPart % kLowered == 0);
    char* const end = buffer_.data() + used_;
    for (char* at = end - part.size(); at < end; at += kLowered) lower(at);
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
