#include "parser/header_id.hpp"

#include <algorithm>
#include <array>

#include "parser/chars.hpp"
#include "parser/header_names.hpp"

namespace sipsteer {
namespace {

HeaderId compact(char letter) noexcept {
    switch (to_lower(letter)) {
        case 'v': return HeaderId::via;
        case 'f': return HeaderId::from;
        case 't': return HeaderId::to;
        case 'i': return HeaderId::call_id;
        case 'm': return HeaderId::contact;
        case 'l': return HeaderId::content_length;
        case 'k': return HeaderId::supported;
        case 'r': return HeaderId::refer_to;
        case 'x': return HeaderId::session_expires;
        default: return HeaderId::other;
    }
}

}  // namespace

HeaderId header_id(std::string_view name) noexcept {
    if (name.size() == 1) return compact(name.front());
    std::array<char, kNameBytes> bytes{};
    if (name.size() >= bytes.size() || name.find(':') != std::string_view::npos) return HeaderId::other;
    std::ranges::copy(name, bytes.begin());
    bytes[name.size()] = ':';
    return plain_name(bytes.data(), bytes.data() + bytes.size()).id;
}

}  // namespace sipsteer
