#include "routing/forward.hpp"

#include "parser/cursor.hpp"
#include "parser/header_lines.hpp"
#include "routing/branch.hpp"
#include "routing/flow.hpp"
#include "routing/path.hpp"
#include "routing/record_route.hpp"
#include "routing/request_uri_edit.hpp"
#include "routing/splices.hpp"
#include "routing/via_edit.hpp"

namespace sipsteer {
namespace {

constexpr std::uint32_t kMaxForwardsWhenAbsent = 70;  // RFC 3261 §16.6 step 3

template <std::size_t N>
std::string_view view(const std::array<char, N>& text) noexcept {
    return {text.data(), N};
}

const char* end_of(std::string_view text) noexcept { return text.data() + text.size(); }

/// Our Via, and Max-Forwards when there was none: above the Via that was on top.
std::string_view own_via(const MessageView& request, const Source& source, const Forward& forward,
                         const Snapshot& snapshot, Splices& splices) noexcept {
    const Listener& out = snapshot.local[forward.listener];
    auto text = splices.text();
    text.add(out.via).add(view(make_branch(forward.call, request, snapshot.servers.id_of(source.server))));
    // The response arrives at `out`; it must leave by the way that the request came in by.
    if (source.connection != kNoConnection) {
        const FlowToken flow = make_flow_token(snapshot.key.sign, request.call_id(),
                                               {source.endpoint, source.listener, source.connection});
        text.add(";").add(kViaFlowParameter).add("=").add(flow.view());
    } else if (snapshot.local.sender(source.endpoint, source.is_server(), forward.listener) !=
               source.listener) {
        text.add(";").add(kListenerParameter).add("=").add_number(source.listener);
    }
    text.add("\r\n");
    if (request.max_forwards() < 0) text.add("Max-Forwards: ").add_number(kMaxForwardsWhenAbsent).add("\r\n");
    return text.view();
}

/// The flow to the peer outside, as `;sf=` or `;sl=` and its token.
void add_flow(const KeyedHash& sign, const RouteSignature& signature, const Source& source,
              const Forward& forward, Splices::Text& text) noexcept {
    const RecordedFlow recorded = forward.edits.recorded_flow;
    const Flow flow = recorded == RecordedFlow::source
                          ? Flow{source.endpoint, source.listener, source.connection}
                          : Flow{forward.next_hop, forward.listener, forward.connection};
    text.add(";").add(recorded == RecordedFlow::last_resort ? kLastResortParameter : kFlowParameter);
    text.add("=").add(make_flow_token(sign, view(signature), flow).view());
}

bool is_sips(const MessageView& request) noexcept { return istarts_with(request.request_uri(), "sips:"); }

const std::string& own_uri(const Listener& listener, bool sips) noexcept {
    return sips ? listener.sips_uri : listener.uri;
}

void add_record_route(const Listener& listener, bool sips, const RouteSignature& signature,
                      Splices::Text& text) noexcept {
    text.add("Record-Route: ").add(own_uri(listener, sips));
    text.add(kRouteParameter).add("=").add(view(signature));
}

/// One value, or two where the sides meet us at different addresses: the outgoing one on top
/// (RFC 5658 §4).
std::string_view record_route(const MessageView& request, const Source& source, const Forward& forward,
                              const Snapshot& snapshot, Splices& splices) noexcept {
    const RouteSignature signature = make_route_signature(forward.call, forward.edits.record_route_owner);
    // The value of the side where the peer is names its flow.
    const RecordedFlow recorded = forward.edits.recorded_flow;
    const bool at_source = recorded == RecordedFlow::source;
    const bool sips = is_sips(request);
    const bool two = source.listener != forward.listener;
    auto text = splices.text();
    add_record_route(snapshot.local[forward.listener], sips, signature, text);
    if (recorded != RecordedFlow::none && (!at_source || !two))
        add_flow(snapshot.key.sign, signature, source, forward, text);
    text.add(">\r\n");
    if (!two) return text.view();
    add_record_route(snapshot.local[source.listener], sips, signature, text);
    if (at_source) add_flow(snapshot.key.sign, signature, source, forward, text);
    return text.add(">\r\n").view();
}

/// Where a header line goes on top of all others of its kind, which may stand before the first Via.
const char* place_for(const MessageView& request, HeaderId id) noexcept {
    const char* const via = request.find(HeaderId::via)->line.data();
    const HeaderField* const other = request.find(id);
    return other != nullptr && other->line.data() < via ? other->line.data() : via;
}

/// Path on top of what stands there (RFC 3327 §5.2): the address where servers reach us, and the phone's
/// flow.
void add_path(const MessageView& request, const Source& source, const Forward& forward,
              const Snapshot& snapshot, Splices& splices) noexcept {
    const FlowToken token =
        make_flow_token(snapshot.key.sign, {}, {source.endpoint, source.listener, source.connection});
    auto text = splices.text();
    text.add("Path: ").add(own_uri(snapshot.local[forward.listener], is_sips(request)));
    text.add(kFlowParameter).add("=").add(token.view()).add(">\r\n");
    const HeaderField* const supported = request.find(HeaderId::supported);
    const bool lacks = !supports_path(request);
    if (lacks && supported == nullptr) text.add("Supported: path\r\n");
    splices.insert(place_for(request, HeaderId::path), text.view());
    if (lacks && supported != nullptr)
        splices.insert(end_of(supported->value), supported->value.empty() ? " path" : ", path");
}

/// Takes off the Route values that do not stay; appends the R-URI for a strict router.
void edit_routes(const MessageView& request, const RequestEdits& edits, Splices& splices) noexcept {
    const HeaderField* last = nullptr;
    for (const HeaderField* field = request.find(HeaderId::route); field != nullptr;
         field = request.next(*field)) {
        last = field;
        const char* const begin = field->value.data();
        const char* const end = end_of(field->value);
        if (edits.routes_begin == nullptr || end <= edits.routes_begin || begin >= edits.routes_end) {
            splices.remove(field->line);
            continue;
        }
        if (edits.routes_begin > begin) splices.replace(begin, edits.routes_begin, {});
        if (edits.routes_end < end) splices.replace(edits.routes_end, end, {});
    }
    if (!edits.request_uri_to_route.empty() && last != nullptr) {
        splices.insert(end_of(last->line),
                       splices.text().add("Route: <").add(edits.request_uri_to_route).add(">\r\n").view());
    }
}

bool is_dialog_option(std::string_view tag) noexcept {
    return iequals(tag, "replaces") || iequals(tag, "join") || iequals(tag, "tdialog");
}

/// A Require line without the option tags of the headers that were taken out.
void edit_require(const HeaderField& field, Splices& splices) noexcept {
    auto kept = splices.text();
    bool changed = false;
    Cursor cursor{field.value};
    while (!cursor.done()) {
        cursor.skip_lws();
        const std::string_view tag = cursor.take_while(kToken);
        if (is_dialog_option(tag)) {
            changed = true;
        } else if (!tag.empty()) {
            kept.add(kept.view().empty() ? "" : ", ").add(tag);
        }
        if (!cursor.take_separator(',') && tag.empty()) return;  // not a list of tokens: left alone
    }
    if (!changed) return;
    if (kept.view().empty()) {
        splices.remove(field.line);
    } else {
        splices.replace(field.value.data(), end_of(field.value), kept.view());
    }
}

void strip_dialog_headers(const MessageView& request, Splices& splices) noexcept {
    for (const HeaderId id : {HeaderId::replaces, HeaderId::join, HeaderId::target_dialog}) {
        for (const HeaderField* field = request.find(id); field != nullptr; field = request.next(*field)) {
            splices.remove(field->line);
        }
    }
    for (const HeaderField* field = request.find(HeaderId::require); field != nullptr;
         field = request.next(*field)) {
        edit_require(*field, splices);
    }
}

/// The header that tells the servers where a request came from; nobody outside can write it.
void edit_source_header(const MessageView& request, const Source& source, const Snapshot& snapshot,
                        Splices& splices) noexcept {
    const std::string_view name = snapshot.routing.source_header;
    if (name.empty() || source.is_server()) return;
    HeaderLine line;
    for (HeaderLines lines{request}; lines.next(line);) {
        if (iequals(line.name, name)) splices.remove(line.line);
    }
    splices.insert(request.headers_end(),
                   splices.text().add(name).add(": ").add_ip(source.endpoint.address).add("\r\n").view());
}

/// A stream needs to be told where the message ends (RFC 3261 §18.3).
void add_content_length(const MessageView& message, Transport transport, Splices& splices) noexcept {
    if (!is_stream(transport) || message.has(HeaderId::content_length)) return;
    splices.insert(message.headers_end(), splices.text()
                                              .add("Content-Length: ")
                                              .add_number(static_cast<std::uint32_t>(message.body().size()))
                                              .add("\r\n")
                                              .view());
}

}  // namespace

std::optional<Written> write_request(const MessageView& request, const Source& source, const Forward& forward,
                                     const Snapshot& snapshot, std::span<char> out) noexcept {
    Splices& splices = Splices::fresh();
    const RequestEdits& edits = forward.edits;
    const HeaderField& top_via = *request.find(HeaderId::via);

    edit_request_uri(request, edits, splices);
    splices.insert(top_via.line.data(), own_via(request, source, forward, snapshot, splices));
    if (edits.record_route) {
        splices.insert(place_for(request, HeaderId::record_route),
                       record_route(request, source, forward, snapshot, splices));
    }
    if (edits.path) add_path(request, source, forward, snapshot, splices);
    note_source(request.top_via(), source.endpoint, splices);
    const HeaderField* const max_forwards = request.find(HeaderId::max_forwards);
    if (const HeaderField* field = max_forwards) {
        splices.replace(
            field->value.data(), end_of(field->value),
            splices.text().add_number(static_cast<std::uint32_t>(request.max_forwards()) - 1).view());
    }
    edit_routes(request, edits, splices);
    if (edits.strip == Strip::dialog_headers) strip_dialog_headers(request, splices);
    edit_source_header(request, source, snapshot, splices);
    add_content_length(request, forward.next_hop.transport, splices);
    return splices.write(request.bytes(), out,
                         max_forwards == nullptr ? nullptr : max_forwards->value.data());
}

std::optional<Written> write_response(const MessageView& response, Transport transport,
                                      std::span<char> out) noexcept {
    Splices& splices = Splices::fresh();
    const ViaView& ours = response.top_via();
    if (ours.rest.empty()) {
        splices.remove(response.find(HeaderId::via)->line);
    } else {
        splices.replace(ours.value.data(), ours.rest.data(), {});
    }
    add_content_length(response, transport, splices);
    const HeaderField* const length = response.find(HeaderId::content_length);
    return splices.write(response.bytes(), out, length == nullptr ? nullptr : length->value.data());
}

}  // namespace sipsteer
