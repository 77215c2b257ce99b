#include "tests/oracle/canonical.hpp"

#include "parser/chars.hpp"

namespace sipsteer::oracle {

std::string decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
            hex_value(text[i + 2]) >= 0) {
            out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

std::string number(std::string_view text) {
    if (text.empty()) return "-";
    if (!all_of(text, kDigit)) return std::string(text);
    while (text.size() > 1 && text.front() == '0') text.remove_prefix(1);
    return std::string(text);
}

std::string upper(std::string_view text) {
    std::string out(text);
    for (char& c : out) {
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c & ~0x20);
    }
    return out;
}

std::string or_dash(std::string_view text) { return text.empty() ? "-" : std::string(text); }

}  // namespace sipsteer::oracle
