#include "routing/address_of_record.hpp"

#include <array>

#include "routing/snapshot.hpp"

namespace sipsteer {
namespace {

std::uint32_t domain_hash(const Snapshot& snapshot, const SipUri& uri) noexcept {
    if (!uri.is_sip() || snapshot.names_us(uri)) return 0;
    const auto value = static_cast<std::uint32_t>(
        KeyedHash::Input{snapshot.key.table}.add("domain").add_lower(uri.host).finish());
    return value == 0 ? 1 : value;
}

}  // namespace

std::string_view user_of(const SipUri& uri) noexcept {
    if (uri.scheme != UriScheme::tel) return uri.user;
    const std::string_view number = uri.whole.substr(uri.whole.find(':') + 1);
    return number.substr(0, number.find(';'));
}

std::uint64_t aor_user_hash(const Snapshot& snapshot, std::string_view user) noexcept {
    std::array<char, kMaxUri> scratch;
    const std::uint64_t value =
        KeyedHash::Input{snapshot.key.table}.add("aor").add(unescaped(user, scratch)).finish();
    return value == 0 ? 1 : value;
}

std::optional<AorKey> aor_key(const Snapshot& snapshot, const SipUri& uri) noexcept {
    const std::string_view user = user_of(uri);
    if (user.empty()) return std::nullopt;
    return AorKey{aor_user_hash(snapshot, user), domain_hash(snapshot, uri)};
}

}  // namespace sipsteer
