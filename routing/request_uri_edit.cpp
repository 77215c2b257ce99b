#include "routing/request_uri_edit.hpp"

#include "parser/sip_uri.hpp"

namespace sipsteer {
namespace {

std::string_view from(const char* begin, std::string_view whole) noexcept {
    return {begin, static_cast<std::size_t>(whole.data() + whole.size() - begin)};
}

/// Without maddr, transport and a port that is not the default (RFC 3261 §16.4).
void add_without_maddr(const SipUri& uri, Splices::Text& text) noexcept {
    text.add({uri.whole.data(), static_cast<std::size_t>(uri.host.data() - uri.whole.data())}).add(uri.host);
    std::string_view rest = uri.parameters;
    while (!rest.empty()) {
        const std::string_view parameter = rest.substr(0, rest.find(';', 1));
        rest.remove_prefix(parameter.size());
        const std::string_view name = parameter.substr(1, parameter.find('=') - 1);
        if (!iequals(name, "maddr") && !iequals(name, "transport")) text.add(parameter);
    }
    if (!uri.headers.empty()) text.add("?").add(uri.headers);
}

/// The URI with another user; a password belongs to the old one and goes.
void add_with_user(const SipUri& uri, std::string_view user, Splices::Text& text) noexcept {
    text.add(uri.whole.substr(0, uri.whole.find(':') + 1))
        .add(user)
        .add("@")
        .add(from(uri.host.data(), uri.whole));
}

}  // namespace

void edit_request_uri(const MessageView& request, const RequestEdits& edits, Splices& splices) noexcept {
    const std::string_view original = request.request_uri();
    std::string_view base = edits.request_uri.empty() ? original : edits.request_uri;
    if (edits.strip_maddr || !edits.request_user.empty()) {
        if (const auto uri = SipUri::parse(base)) {
            auto text = splices.text();
            if (edits.request_user.empty()) {
                add_without_maddr(*uri, text);
            } else {
                add_with_user(*uri, edits.request_user, text);
            }
            base = text.view();
        }
    }
    if (base.data() == original.data()) return;
    splices.replace(original.data(), original.data() + original.size(), base);
}

}  // namespace sipsteer
