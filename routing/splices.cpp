#include "routing/splices.hpp"

#include <charconv>

namespace sipsteer {

Splices& Splices::fresh() noexcept {
    thread_local Splices splices;
    splices.count_ = splices.scratch_used_ = splices.grow_ = 0;
    splices.failed_ = false;
    return splices;
}

Splices::Text& Splices::Text::add_number(std::uint32_t number) noexcept {
    char* const begin = owner_.scratch_.data() + owner_.scratch_used_;
    const auto [end, error] = std::to_chars(begin, owner_.scratch_.data() + owner_.scratch_.size(), number);
    if (error != std::errc{}) {
        owner_.failed_ = true;
    } else {
        owner_.scratch_used_ += static_cast<std::size_t>(end - begin);
    }
    return *this;
}

Splices::Text& Splices::Text::add_ip(const IpAddress& address) noexcept {
    std::array<char, IpAddress::kMaxText> text;
    return add({text.data(), format_ip(address, text)});
}

std::optional<Written> Splices::write(std::string_view source, std::span<char> out,
                                      const char* blanks) const noexcept {
    Written written{.size = source.size() + grow_, .pad_at = 0};
    if (failed_ || written.size > out.size()) return std::nullopt;
    char* to = out.data();
    const auto put = [&to](const char* data, std::size_t size) {
        copy_bytes(to, {data, size});
        to += size;
    };
    const char* at = source.data();
    const auto pass = [&](const char* end) {
        if (blanks >= at && blanks <= end)
            written.pad_at = static_cast<std::size_t>(to - out.data() + (blanks - at));
        put(at, static_cast<std::size_t>(end - at));
    };
    for (const Splice& splice : std::span{splices_.data(), count_}) {
        pass(splice.begin);
        put(splice.text, splice.size);
        at = splice.end;
    }
    pass(source.data() + source.size());
    return written;
}

}  // namespace sipsteer
