#include "parser/header_id.hpp"

#include <bit>
#include <cstring>

#include "parser/chars.hpp"

namespace sipsteer {
namespace {

template <std::size_t N>
std::uint64_t load(const char* at) noexcept {
    std::uint64_t word = 0;
    std::memcpy(&word, at, N);
    return word;
}

/// Bit 0x20 in the place of every letter of the (lower-case) word: setting it lowers a letter, and no
/// other byte becomes one.
template <std::size_t N>
constexpr std::uint64_t letters(const char* word) noexcept {
    std::uint64_t mask = 0;
    for (std::size_t i = 0; i < N; ++i) {
        if (word[i] != '-') mask |= std::uint64_t{0x20} << (8 * i);
    }
    return mask;
}

template <std::size_t N>
bool same(const char* name, const char* word) noexcept {
    return (load<N>(name) | letters<N>(word)) == load<N>(word);
}

/// One or two loads instead of a loop over the letters. Precondition: as long as `word`.
template <std::size_t Size>
HeaderId match(std::string_view name, const char (&word)[Size], HeaderId id) noexcept {
    constexpr std::size_t kLength = Size - 1;
    static_assert(kLength <= 16 && std::endian::native == std::endian::little);
    if constexpr (kLength <= 8) {
        return same<kLength>(name.data(), word) ? id : HeaderId::other;
    } else {
        constexpr std::size_t kTail = kLength - 8;
        return same<8>(name.data(), word) && same<8>(name.data() + kTail, word + kTail) ? id
                                                                                        : HeaderId::other;
    }
}

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
    if (name.empty()) return HeaderId::other;
    // Length and first letter leave one candidate (two at most): one comparison decides.
    const char first = to_lower(name.front());
    switch (name.size()) {
        case 1: return compact(first);
        case 2: return match(name, "to", HeaderId::to);
        case 3: return match(name, "via", HeaderId::via);
        case 4:
            switch (first) {
                case 'f': return match(name, "from", HeaderId::from);
                case 'c': return match(name, "cseq", HeaderId::cseq);
                case 'p': return match(name, "path", HeaderId::path);
                case 'j': return match(name, "join", HeaderId::join);
                default: return HeaderId::other;
            }
        case 5: return match(name, "route", HeaderId::route);
        case 7:
            switch (first) {
                case 'c':
                    return name[4] == '-' ? match(name, "call-id", HeaderId::call_id)
                                          : match(name, "contact", HeaderId::contact);
                case 'r': return match(name, "require", HeaderId::require);
                case 'e': return match(name, "expires", HeaderId::expires);
                default: return HeaderId::other;
            }
        case 8:
            return to_lower(name[2]) == 'p' ? match(name, "replaces", HeaderId::replaces)
                                            : match(name, "refer-to", HeaderId::refer_to);
        case 9: return match(name, "supported", HeaderId::supported);
        case 12:
            return first == 'm' ? match(name, "max-forwards", HeaderId::max_forwards)
                                : match(name, "record-route", HeaderId::record_route);
        case 13:
            return first == 'p' ? match(name, "proxy-require", HeaderId::proxy_require)
                                : match(name, "target-dialog", HeaderId::target_dialog);
        case 14: return match(name, "content-length", HeaderId::content_length);
        case 15: return match(name, "session-expires", HeaderId::session_expires);
        default: return HeaderId::other;
    }
}

}  // namespace sipsteer
