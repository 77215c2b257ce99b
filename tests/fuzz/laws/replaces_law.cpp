#include <array>

#include "parser/chars.hpp"
#include "parser/identifier.hpp"
#include "parser/refer_to.hpp"
#include "parser/replaces.hpp"
#include "tests/fuzz/laws/laws.hpp"
#include "tests/fuzz/laws/views.hpp"

namespace sipsteer::laws {
namespace {

constexpr bool equal(const Replaces& a, const Replaces& b) {
    return a.call_id == b.call_id && a.to_tag == b.to_tag && a.from_tag == b.from_tag &&
           a.early_only == b.early_only;
}

std::string dialog_law(const Replaces& dialog, std::string_view input) {
    for (const std::string_view view : {dialog.call_id, dialog.to_tag, dialog.from_tag}) {
        SIPSTEER_HOLDS(inside(view, input) && !view.empty() && view.size() <= kMaxIdentifier);
    }
    SIPSTEER_HOLDS(dialog.call_id.find_first_of(" \t\r\n;,") == std::string_view::npos);
    return {};
}

/// Every byte that may not stand in a header of a URI, escaped.
std::string escaped(std::string_view text) {
    constexpr std::string_view kHex = "0123456789abcdef";
    std::string out;
    for (const char c : text) {
        if (is(c, kDigit) || (to_lower(c) >= 'a' && to_lower(c) <= 'z')) {
            out += c;
        } else {
            const auto byte = static_cast<unsigned char>(c);
            out += {'%', kHex[byte >> 4], kHex[byte & 15]};
        }
    }
    return out;
}

}  // namespace

std::string replaces_law(std::string_view input) {
    const auto dialog = Replaces::parse(input);
    if (!dialog) {
        SIPSTEER_HOLDS(dialog.error() == ParseError::bad_replaces ||
                       dialog.error() == ParseError::value_too_long);
    } else {
        if (auto broken = dialog_law(*dialog, input); !broken.empty()) return broken;
        const std::string plain =
            std::string(dialog->call_id) + ";from-tag=" + std::string(dialog->from_tag) +
            ";to-tag=" + std::string(dialog->to_tag) + (dialog->early_only ? ";early-only" : "");
        const auto again = Replaces::parse(plain);
        SIPSTEER_HOLDS(again && equal(*again, *dialog));
    }
    // A Refer-To that carries the value escaped names the same dialog.
    if (!input.empty() && input.size() < 1000 && input.find('\0') == std::string_view::npos) {
        std::array<char, 3072> scratch{};
        const std::string refer_to = "<sip:a@b.example?Require=replaces&Replaces=" + escaped(input) + ">";
        const auto referred = parse_refer_to_replaces(refer_to, scratch);
        SIPSTEER_HOLDS(referred.has_value() == dialog.has_value());
        SIPSTEER_HOLDS(!referred || equal(*referred, *dialog));
    }
    // Target-Dialog is the same grammar with other names (RFC 4538 §7).
    if (const auto target = Replaces::parse_target_dialog(input)) return dialog_law(*target, input);
    return {};
}

std::string refer_to_law(std::string_view input) {
    std::array<char, 256> scratch{};
    const auto dialog = parse_refer_to_replaces(input, scratch);
    if (!dialog) return {};
    return dialog_law(*dialog, {scratch.data(), scratch.size()});
}

}  // namespace sipsteer::laws
