#include "routing/route_set.hpp"

#include "routing/path.hpp"

namespace sipsteer {

ValueWalk::ValueWalk(const MessageView& message, HeaderId id) noexcept
    : message_(message),
      field_(message.find(id)),
      rest_(field_ == nullptr ? std::string_view{} : field_->value) {}

Result<NameAddr> ValueWalk::take() noexcept {
    auto value = NameAddr::parse(rest_);
    if (!value) return value;
    rest_ = value->rest;
    if (rest_.empty()) skip_header();
    return value;
}

void ValueWalk::skip_header() noexcept {
    field_ = message_.next(*field_);
    if (field_ != nullptr) rest_ = field_->value;
}

namespace {

/// A strict router put our Record-Route URI into the R-URI; the one it stands for is the last Route
/// value (RFC 3261 §16.4). Only a URI with our signature counts: phones and servers write our bare
/// address into both Route and R-URI all the time.
Result<void> undo_strict_routing(const MessageView& request, const CallDigest& call, const SipUri& uri,
                                 const Snapshot& snapshot, RouteSet& routes, const char*& end) noexcept {
    const RouteClaim claim = read_route_signature(snapshot.key.sign, call, uri);
    if (!claim.valid || !snapshot.names_us(uri)) return {};
    NameAddr last;
    const char* previous_end = nullptr;
    for (ValueWalk walk{request, HeaderId::route}; !walk.done();) {
        const auto value = walk.take();
        if (!value) return Failure(value.error());
        previous_end = last.whole.data() == nullptr ? nullptr : last.whole.data() + last.whole.size();
        last = *value;
    }
    if (last.uri.empty()) return {};
    routes.request_uri = last.uri;
    routes.claim = claim;
    routes.flow = claim.flow;
    routes.removed_own = true;
    end = previous_end;
    return {};
}

}  // namespace

Result<void> RouteSet::read(const MessageView& request, const CallDigest& call, const SipUri& uri,
                            const Snapshot& snapshot) noexcept {
    request_uri = request.request_uri();
    const HeaderField* last = request.find(HeaderId::route);
    if (last == nullptr) return {};
    while (const HeaderField* following = request.next(*last)) last = following;
    const char* end = last->value.data() + last->value.size();
    if (!uri_parameter(uri.parameters, kRouteParameter).empty()) {
        const auto undone = undo_strict_routing(request, call, uri, snapshot, *this, end);
        if (!undone) return undone;
        if (end == nullptr) return {};
    }
    for (ValueWalk walk{request, HeaderId::route}; !walk.done();) {
        if (!has_next() && walk.rest().data() < end && take_as_written(walk.rest(), call, snapshot)) {
            walk.skip_header();
            continue;
        }
        const auto value = walk.take();
        if (!value) return Failure(value.error());
        const char* const begin = value->whole.data();
        if (begin >= end) break;
        SipUri parsed;
        if (const auto read = parsed.read(value->uri); !read) return read;
        if (has_next()) {
            keep_behind_next = begin;
            break;
        }
        if (snapshot.is_ours(parsed)) {
            take_own(call, parsed, snapshot.key.sign);
            continue;
        }
        next = parsed;
        keep_begin = begin;
        keep_end = end;
    }
    return {};
}

/// A value that stands as we wrote it, without a flow: most do, and the signature says all, without parsing.
bool RouteSet::take_as_written(std::string_view value, const CallDigest& call,
                               const Snapshot& snapshot) noexcept {
    constexpr std::string_view kName = "ss=";
    static_assert(kName.starts_with(kRouteParameter));
    constexpr std::size_t kBehindUri = kName.size() + std::tuple_size_v<RouteSignature> + 1;
    for (const Listener& one : snapshot.local.listeners()) {
        if (value.size() != one.uri.size() + kBehindUri || !value.starts_with(one.uri)) continue;
        const std::string_view parameter = value.substr(one.uri.size());
        if (!parameter.starts_with(kName) || parameter.back() != '>') return false;
        const auto owner =
            verify_route_signature(call, parameter.substr(kName.size(), parameter.size() - kName.size() - 1));
        // A server of exactly our address is that server (Snapshot::names_us).
        if (!owner ||
            (one.advertised && snapshot.servers.by_endpoint(one.advertised->address, one.advertised->port))) {
            return false;
        }
        removed_own = true;
        if (claim.valid) return true;
        claim.present = claim.valid = true;
        claim.owner = *owner;
        return true;
    }
    return false;
}

/// What a value of our own says.
void RouteSet::take_own(const CallDigest& call, const SipUri& own, const KeyedHash& sign) noexcept {
    removed_own = true;
    const RouteClaim said = read_route_signature(sign, call, own);
    if (said.valid && !claim.valid) claim = said;
    if (!flow) flow = said.flow;
    bad_signature = bad_signature || (said.present && !said.valid) || said.bad_flow;
    if (said.present) return;
    const PathClaim path = read_path(sign, own);
    if (!flow && path.flow) flow = RouteFlow{*path.flow};
    bad_signature = bad_signature || (path.present && !path.flow);
}

}  // namespace sipsteer
