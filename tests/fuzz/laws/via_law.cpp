#include "parser/chars.hpp"
#include "parser/via.hpp"
#include "tests/fuzz/laws/laws.hpp"
#include "tests/fuzz/laws/views.hpp"

namespace sipsteer::laws {
namespace {

bool same(const ViaView& a, const ViaView& b) {
    return a.value == b.value && a.transport == b.transport && a.host == b.host && a.port == b.port &&
           a.branch == b.branch && a.maddr == b.maddr && a.received == b.received && a.rport == b.rport &&
           a.has_rport == b.has_rport && a.parameters == b.parameters;
}

}  // namespace

std::string via_law(std::string_view input) {
    const auto via = ViaView::parse(input);
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
