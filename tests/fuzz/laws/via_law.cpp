#include "parser/chars.hpp"
#include "parser/identifier.hpp"
#include "parser/via.hpp"
#include "tests/fuzz/laws/laws.hpp"
#include "tests/fuzz/laws/views.hpp"

namespace sipsteer::laws {
namespace {

bool same_values(const ViaView& a, const ViaView& b) {
    return a.transport == b.transport && a.host == b.host && a.port == b.port && a.branch == b.branch &&
           a.maddr == b.maddr && a.received == b.received && a.rport == b.rport &&
           a.has_rport == b.has_rport && a.source_repeats == b.source_repeats;
}

bool same(const ViaView& a, const ViaView& b) {
    return same_values(a, b) && a.value == b.value && a.parameters == b.parameters;
}

}  // namespace

std::string via_law(std::string_view input) {
    const auto via = ViaView::parse(input);
    // With blanks within it is not as nearly everybody writes it, and read step by step.
    if (via && input.starts_with("SIP/2.0/")) {
        std::string with_blanks{input};
        with_blanks.insert(8, 1, '\t');
        for (std::size_t at = 0; (at = with_blanks.find(';', at)) != std::string::npos; at += 2)
            with_blanks.insert(at + 1, 1, '\t');
        if (input.find('"') == std::string_view::npos) {
            const auto step_by_step = ViaView::parse(with_blanks);
            SIPSTEER_HOLDS(step_by_step && same_values(*step_by_step, *via));
        }
    }
    if (!via) {
        SIPSTEER_HOLDS(via.error() == ParseError::bad_via || via.error() == ParseError::value_too_long);
        return {};
    }
    for (const std::string_view view :
         {via->value, via->transport, via->host, via->branch, via->maddr, via->received, via->rport,
          via->received_whole, via->rport_whole, via->parameters}) {
        SIPSTEER_HOLDS(inside(view, via->value));
    }
    SIPSTEER_HOLDS(inside(via->value, input) && inside(via->rest, input));
    SIPSTEER_HOLDS(!via->value.empty() && !is_lws(via->value.front()) && !is_lws(via->value.back()));
    SIPSTEER_HOLDS(!via->transport.empty() && all_of(via->transport, kToken));
    SIPSTEER_HOLDS(!via->host.empty() && via->branch.size() <= kMaxIdentifier);
    SIPSTEER_HOLDS(via->parameters.empty() || trim_lws(via->parameters).starts_with(';'));
    SIPSTEER_HOLDS(via->received.empty() || !via->received_whole.empty());
    SIPSTEER_HOLDS(via->has_rport == !via->rport_whole.empty());
    for (const std::string_view whole : {via->received_whole, via->rport_whole}) {
        SIPSTEER_HOLDS(whole.empty() || (whole.starts_with(';') && inside(whole, via->parameters)));
        if (whole.empty()) continue;
        // The parameter can be cut out, and the Via is the same but for it.
        std::string without{via->value.data(), static_cast<std::size_t>(whole.data() - via->value.data())};
        without.append(whole.data() + whole.size(), via->value.data() + via->value.size());
        const auto cut = ViaView::parse(without);
        SIPSTEER_HOLDS(cut && cut->host == via->host && cut->port == via->port && cut->branch == via->branch);
    }
    const auto alone = ViaView::parse(via->value);
    SIPSTEER_HOLDS(alone && same(*alone, *via) && alone->rest.empty());
    return {};
}

}  // namespace sipsteer::laws
