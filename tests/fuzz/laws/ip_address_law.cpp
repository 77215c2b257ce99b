#include <arpa/inet.h>

#include <cstring>

#include "parser/ip_address.hpp"
#include "tests/fuzz/laws/laws.hpp"
#include "tests/fuzz/laws/views.hpp"

namespace sipsteer::laws {
namespace {

constexpr std::array<std::uint8_t, 12> kMapped{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// What the C library reads; IPv4-mapped addresses become IPv4, as ours do.
bool read_by_libc(const std::string& text, IpAddress& address) {
    address = {};
    if (inet_pton(AF_INET, text.c_str(), address.bytes.data()) == 1) return true;
    std::array<std::uint8_t, 16> v6{};
    if (inet_pton(AF_INET6, text.c_str(), v6.data()) != 1) return false;
    if (std::memcmp(v6.data(), kMapped.data(), kMapped.size()) == 0) {
        std::memcpy(address.bytes.data(), v6.data() + 12, 4);
    } else {
        address.v6 = true;
        address.bytes = v6;
    }
    return true;
}

bool has_leading_zero(std::string_view text) {
    for (std::size_t i = 0; i + 1 < text.size(); ++i) {
        const bool first = i == 0 || text[i - 1] == '.' || text[i - 1] == ':';
        if (first && text[i] == '0' && text[i + 1] != '.' && text[i + 1] != ':') return true;
    }
    return false;
}

}  // namespace

std::string ip_address_law(std::string_view input) {
    const auto address = parse_ip(input);
    if (address) {
        std::array<char, IpAddress::kMaxText> text{};
        const std::size_t size = format_ip(*address, text);
        SIPSTEER_HOLDS(size <= IpAddress::kMaxText);
        const auto again = parse_ip({text.data(), size});
        SIPSTEER_HOLDS(again && *again == *address);
        IpAddress canonical;
        SIPSTEER_HOLDS(read_by_libc(std::string(text.data(), size), canonical) && canonical == *address);
    }
    // Where the C library has another mind: brackets, `:::`, 1*3DIGIT with leading zeros (RFC 3261 §25.1).
    std::string text{input};
    if (text.find('\0') != std::string::npos) return {};
    IpAddress expected;
    const bool read = read_by_libc(text, expected);
    SIPSTEER_HOLDS(!read || (address && *address == expected));
    const bool ours_only = input.starts_with('[') || input.find(":::") != std::string_view::npos ||
                           (input.find('.') != std::string_view::npos && has_leading_zero(input));
    SIPSTEER_HOLDS(read || !address || ours_only);
    return {};
}

}  // namespace sipsteer::laws
