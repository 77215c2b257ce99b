#include "parser/chars.hpp"
#include "parser/name_addr.hpp"
#include "tests/fuzz/laws/laws.hpp"
#include "tests/fuzz/laws/views.hpp"

namespace sipsteer::laws {
namespace {

bool same(const NameAddr& a, const NameAddr& b) {
    return a.whole == b.whole && a.uri == b.uri && a.parameters == b.parameters &&
           a.bracketed == b.bracketed && a.rest == b.rest && a.first_tag == b.first_tag &&
           a.tag_count == b.tag_count;
}

}  // namespace

std::string name_addr_law(std::string_view input) {
    const auto address = NameAddr::parse(input);
    // With a blank in front it is not as nearly everybody writes it, and read step by step.
    const std::string with_blank = ' ' + std::string(input);
    const auto step_by_step = NameAddr::parse(with_blank);
    SIPSTEER_HOLDS(address ? step_by_step && same(*address, *step_by_step) : !step_by_step);
    if (!address) {
        SIPSTEER_HOLDS(address.error() == ParseError::bad_name_addr);
        return {};
    }
    SIPSTEER_HOLDS(inside(address->whole, input) && inside(address->rest, input));
    SIPSTEER_HOLDS(inside(address->uri, address->whole) && inside(address->parameters, address->whole));
    SIPSTEER_HOLDS(!address->uri.empty() &&
                   address->uri.find_first_of(" \t\r\n<>\"") == std::string_view::npos);
    SIPSTEER_HOLDS(!address->whole.empty() && !is_lws(address->whole.front()) &&
                   !is_lws(address->whole.back()));
    SIPSTEER_HOLDS(address->parameters.empty() || address->parameters.starts_with(';'));
    SIPSTEER_HOLDS(address->bracketed == (address->uri.data() != address->whole.data()));
    const auto tag = address->tag();
    SIPSTEER_HOLDS(!tag || inside(*tag, address->parameters));
    const auto alone = NameAddr::parse(address->whole);
    SIPSTEER_HOLDS(alone && alone->uri == address->uri && alone->parameters == address->parameters);
    SIPSTEER_HOLDS(alone->rest.empty() && alone->whole == address->whole);
    return {};
}

}  // namespace sipsteer::laws
