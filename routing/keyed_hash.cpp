#include "routing/keyed_hash.hpp"

#include <sodium/crypto_kdf.h>
#include <sodium/crypto_shorthash.h>

#include "parser/chars.hpp"

namespace sipsteer {

static_assert(std::tuple_size_v<KeyedHash::Key> == crypto_shorthash_siphash24_KEYBYTES);
static_assert(std::tuple_size_v<ClusterKey::Secret> == crypto_kdf_KEYBYTES);

namespace {

/// That many bytes, ASCII capitals as small letters.
template <std::size_t Size>
void lower(char* to, const char* from) noexcept {
    std::array<char, Size> bytes;
    std::memcpy(bytes.data(), from, Size);
    for (char& byte : bytes) byte = to_lower(byte);
    std::memcpy(to, bytes.data(), Size);
}

/// As copy_bytes(), and lowers meanwhile: bytes that have just been written in parts are slow to read.
void copy_lower(char* to, std::string_view from) noexcept {
    const char* const at = from.data();
    const std::size_t size = from.size();
    if (size >= 16) {
        for (std::size_t done = 0; done + 16 < size; done += 16) lower<16>(to + done, at + done);
        lower<16>(to + size - 16, at + size - 16);
    } else if (size >= 8) {
        lower<8>(to, at);
        lower<8>(to + size - 8, at + size - 8);
    } else {
        for (std::size_t i = 0; i < size; ++i) to[i] = to_lower(at[i]);
    }
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
    put(static_cast<std::uint32_t>(part.size()));
    copy_lower(buffer_.data() + used_, part);
    used_ += part.size();
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
