#include <sofia-sip/msg.h>
#include <sofia-sip/msg_addr.h>
#include <sofia-sip/msg_header.h>
#include <sofia-sip/sip.h>
#include <sofia-sip/sip_header.h>
#include <sofia-sip/sip_parser.h>
#include <sofia-sip/sip_util.h>

#include <memory>

#include "parser/chars.hpp"
#include "tests/oracle/canonical.hpp"
#include "tests/oracle/voices.hpp"

namespace sipsteer::oracle {
namespace {

std::string_view text(const char* value) {
    return value == nullptr ? std::string_view{} : std::string_view{value};
}

struct DestroyMessage {
    void operator()(msg_t* message) const { msg_destroy(message); }
};

bool is_sip(const url_t& url) { return url.url_type == url_sip || url.url_type == url_sips; }

template <class Header>
int count(const Header* header, Header* Header::*next) {
    int n = 0;
    for (; header != nullptr; header = header->*next) ++n;
    return n;
}

}  // namespace

std::optional<Fields> sofia_voice(std::string_view datagram) {
    const std::unique_ptr<msg_t, DestroyMessage> message(
        msg_make(sip_default_mclass(), 0, datagram.data(), static_cast<ssize_t>(datagram.size())));
    if (!message) return std::nullopt;
    const sip_t* sip = sip_object(message.get());
    // Every header that sofia could not parse stands in sip_error.
    if (sip == nullptr || (sip->sip_flags & MSG_FLG_ERROR) != 0 || sip->sip_error != nullptr)
        return std::nullopt;
    if ((sip->sip_flags & MSG_FLG_COMPLETE) == 0 || sip_sanity_check(sip) != 0) return std::nullopt;
    if (sip->sip_via == nullptr || sip->sip_from == nullptr || sip->sip_to == nullptr ||
        sip->sip_call_id == nullptr || sip->sip_cseq == nullptr) {
        return std::nullopt;
    }
    Fields fields;
    if (sip->sip_request != nullptr) {
        const sip_request_t& request = *sip->sip_request;
        if (text(request.rq_version) != SIP_VERSION_CURRENT) return std::nullopt;
        fields.start = request.rq_method_name;
        if (is_sip(*request.rq_url)) {
            fields.uri_user = or_dash(decoded(text(request.rq_url->url_user)));
            fields.uri_host = text(request.rq_url->url_host);
            fields.uri_port = number(text(request.rq_url->url_port));
        }
    } else {
        if (text(sip->sip_status->st_version) != SIP_VERSION_CURRENT) return std::nullopt;
        fields.start = std::to_string(sip->sip_status->st_status);
    }
    fields.call_id = text(sip->sip_call_id->i_id);
    fields.from_tag = or_dash(text(sip->sip_from->a_tag));
    fields.to_tag = or_dash(text(sip->sip_to->a_tag));
    fields.cseq =
        std::to_string(sip->sip_cseq->cs_seq) + " " + std::string(text(sip->sip_cseq->cs_method_name));

    const sip_via_t& via = *sip->sip_via;
    const std::string_view protocol = text(via.v_protocol);
    fields.via_transport = upper(protocol.substr(protocol.rfind('/') + 1));
    fields.via_host = text(via.v_host);
    fields.via_port = number(text(via.v_port));
    fields.via_branch = or_dash(text(via.v_branch));
    fields.via_received = or_dash(text(via.v_received));
    fields.via_rport = via.v_rport == nullptr ? "-" : "=" + std::string(via.v_rport);
    fields.via_count = std::to_string(count(sip->sip_via, &sip_via_t::v_next));

    fields.route_count = std::to_string(count(sip->sip_route, &sip_route_t::r_next));
    if (sip->sip_route != nullptr && is_sip(*sip->sip_route->r_url)) {
        const url_t& url = *sip->sip_route->r_url;
        const std::string port = number(text(url.url_port));
        fields.route_first = or_dash(decoded(text(url.url_user))) + "@" + std::string(text(url.url_host)) +
                             ":" + (port == "-" ? "0" : port);
    }
    if (const sip_replaces_t* replaces = sip->sip_replaces) {
        // sofia leaves the blanks behind the Call-ID.
        fields.replaces = std::string(trim_lws(text(replaces->rp_call_id))) + ";" +
                          std::string(text(replaces->rp_to_tag)) + ";" +
                          std::string(text(replaces->rp_from_tag)) +
                          (replaces->rp_early_only != 0 ? ";early-only" : "");
    }
    if (sip->sip_payload != nullptr) fields.body.assign(sip->sip_payload->pl_data, sip->sip_payload->pl_len);
    return fields;
}

}  // namespace sipsteer::oracle
