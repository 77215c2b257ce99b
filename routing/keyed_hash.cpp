#include "routing/keyed_hash.hpp"

#include <sodium/crypto_kdf.h>
#include <sodium/crypto_shorthash.h>

#include <cstring>

#include "parser/chars.hpp"

namespace sipsteer {

static_assert(std::tuple_size_v<KeyedHash::Key> == crypto_shorthash_KEYBYTES);
static_assert(std::tuple_size_v<ClusterKey::Secret> == crypto_kdf_KEYBYTES);

std::uint64_t KeyedHash::operator()(std::string_view text) const noexcept {
    std::array<std::uint8_t, crypto_shorthash_BYTES> out;
    crypto_shorthash(out.data(), reinterpret_cast<const std::uint8_t*>(text.data()), text.size(),
                     key_.data());
    std::uint64_t value = 0;
    std::memcpy(&value, out.data(), sizeof value);
    return value;
}

void KeyedHash::Input::append(const void* bytes, std::size_t size) noexcept {
    if (size == 0) return;  // an empty view may have no data at all
    std::memcpy(buffer_.data() + used_, bytes, size);
    used_ += size;
}

KeyedHash::Input& KeyedHash::Input::add(std::uint32_t number) noexcept {
    if (used_ + sizeof number <= buffer_.size()) append(&number, sizeof number);
    return *this;
}

KeyedHash::Input& KeyedHash::Input::add(std::string_view part) noexcept {
    add(static_cast<std::uint32_t>(part.size()));
    if (part.size() > kMaxPart || used_ + part.size() + 16 > buffer_.size()) {
        const std::uint64_t inner = hash_(part);
        if (used_ + sizeof inner <= buffer_.size()) append(&inner, sizeof inner);
    } else {
        append(part.data(), part.size());
    }
    return *this;
}

KeyedHash::Input& KeyedHash::Input::add_lower(std::string_view part) noexcept {
    std::array<char, kMaxPart> lower;
    if (part.size() > lower.size()) {
        // Halves, each lowered: a tag of up to 1 KiB needs two rounds at most.
        return add_lower(part.substr(0, lower.size())).add_lower(part.substr(lower.size()));
    }
    for (std::size_t i = 0; i < part.size(); ++i) lower[i] = to_lower(part[i]);
    return add({lower.data(), part.size()});
}

std::uint64_t KeyedHash::Input::finish() const noexcept {
    return hash_({reinterpret_cast<const char*>(buffer_.data()), used_});
}

ClusterKey ClusterKey::derive(const Secret& secret) noexcept {
    const auto subkey = [&secret](std::uint64_t id) {
        KeyedHash::Key key;
        crypto_kdf_derive_from_key(key.data(), key.size(), id, "sipsteer", secret.data());
        return KeyedHash{key};
    };
    return {subkey(1), subkey(2), subkey(3)};
}

}  // namespace sipsteer
