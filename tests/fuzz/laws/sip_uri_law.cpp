#include "parser/chars.hpp"
#include "parser/sip_uri.hpp"
#include "tests/fuzz/laws/laws.hpp"
#include "tests/fuzz/laws/views.hpp"

namespace sipsteer::laws {

std::string sip_uri_law(std::string_view input) {
    const auto uri = SipUri::parse(input);
    if (!uri) {
        SIPSTEER_HOLDS(uri.error() == ParseError::bad_uri || uri.error() == ParseError::value_too_long);
        return {};
    }
    SIPSTEER_HOLDS(uri->whole == input && input.size() <= kMaxUri);
    for (const char c : input)
        SIPSTEER_HOLDS(static_cast<unsigned char>(c) > 0x20 && c != '<' && c != '>' && c != '"');
    for (const std::string_view view : {uri->user, uri->userinfo, uri->host, uri->host_port, uri->parameters,
                                        uri->headers, uri->transport, uri->maddr}) {
        SIPSTEER_HOLDS(inside(view, input));
    }
    if (!uri->is_sip()) {
        SIPSTEER_HOLDS(uri->host.empty() && uri->user.empty());
        return {};
    }
    SIPSTEER_HOLDS(!uri->host.empty() && uri->host_port.starts_with(uri->host));
    SIPSTEER_HOLDS((uri->port != 0) == (uri->host_port.size() > uri->host.size()));
    SIPSTEER_HOLDS(uri->userinfo.starts_with(uri->user));
    // Put together again, the parts are the whole: nothing was left out and nothing read twice.
    std::string whole{input.substr(0, input.find(':') + 1)};
    if (!uri->userinfo.empty()) whole.append(uri->userinfo).append("@");
    whole.append(uri->host_port).append(uri->parameters);
    if (uri->headers.data() != nullptr) whole.append("?").append(uri->headers);
    SIPSTEER_HOLDS(whole == input);
    SIPSTEER_HOLDS(uri->transport == uri_parameter(uri->parameters, "transport") || uri->transport.empty() ||
                   uri_parameter(uri->parameters, "transport").empty());
    return {};
}

}  // namespace sipsteer::laws
