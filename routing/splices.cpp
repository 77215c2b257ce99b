#include "routing/splices.hpp"

#include <charconv>

namespace sipsteer {

Splices::Text& Splices::Text::add_number(std::uint32_t number) noexcept {
    std::array<char, 10> digits;
    const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr;
    return add({digits.data(), static_cast<std::size_t>(end - digits.data())});
}

Splices::Text& Splices::Text::add_ip(const IpAddress& address) noexcept {
    std::array<char, IpAddress::kMaxText> text;
    return add({text.data(), format_ip(address, text)});
}

std::optional<std::size_t> Splices::write(std::string_view source, std::span<char> out) const noexcept {
    if (failed_) return std::nullopt;
    std::size_t used = 0;
    const auto put = [&](const char* data, std::size_t size) {
        if (size > out.size() - used) return false;
        std::memcpy(out.data() + used, data, size);
        used += size;
        return true;
    };
    const char* at = source.data();
    for (std::size_t i = 0; i < count_; ++i) {
        const Splice& splice = splices_[i];
        if (!put(at, static_cast<std::size_t>(splice.begin - at))) return std::nullopt;
        if (!splice.text.empty() && !put(splice.text.data(), splice.text.size())) return std::nullopt;
        at = splice.end;
    }
    const char* const end = source.data() + source.size();
    if (!put(at, static_cast<std::size_t>(end - at))) return std::nullopt;
    return used;
}

}  // namespace sipsteer
