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

std::optional<Written> Splices::write(std::string_view source, std::span<char> out,
                                      const char* blanks) const noexcept {
    if (failed_) return std::nullopt;
    Written written;
    std::size_t& used = written.size;
    const auto put = [&](const char* data, std::size_t size) {
        if (size > out.size() - used) return false;
        std::memcpy(out.data() + used, data, size);
        used += size;
        return true;
    };
    const char* at = source.data();
    const auto pass = [&](const char* end) {
        if (blanks >= at && blanks <= end) written.pad_at = used + static_cast<std::size_t>(blanks - at);
        return put(at, static_cast<std::size_t>(end - at));
    };
    for (std::size_t i = 0; i < count_; ++i) {
        const Splice& splice = splices_[i];
        if (!pass(splice.begin)) return std::nullopt;
        if (splice.size != 0 && !put(splice.text, splice.size)) return std::nullopt;
        at = splice.end;
    }
    if (!pass(source.data() + source.size())) return std::nullopt;
    return written;
}

}  // namespace sipsteer
