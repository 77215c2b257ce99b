#pragma once

#include <string_view>

#include "parser/message_view.hpp"
#include "parser/name_addr.hpp"
#include "parser/sip_uri.hpp"
#include "routing/record_route.hpp"
#include "routing/snapshot.hpp"

namespace sipsteer {

/// Walks over the values of all headers of one id, comma-joined or not.
class ValueWalk {
  public:
    ValueWalk(const MessageView& message, HeaderId id) noexcept;

    [[nodiscard]] bool done() const noexcept { return field_ == nullptr; }
    /// From the value here to the end of its header.
    [[nodiscard]] std::string_view rest() const noexcept { return rest_; }
    /// To the next header. Precondition: !done().
    void skip_header() noexcept;
    /// Parses the value here and steps behind it. Precondition: !done(). Errors: bad_name_addr.
    [[nodiscard]] Result<NameAddr> take() noexcept;

  private:
    const MessageView& message_;
    const HeaderField* field_;
    std::string_view rest_;
};

/// What routing needs of the Route headers once our own values in front are taken off (RFC 3261 §16.4,
/// §16.6 step 6). What stays are the bytes from `keep_begin` to `keep_end`; both are nullptr when
/// nothing does. All views point into the message.
struct RouteSet {
    std::string_view request_uri;  ///< the R-URI to go on with: behind a strict router the last Route value
    const char* keep_begin = nullptr;
    const char* keep_end = nullptr;
    const char* keep_behind_next = nullptr;  ///< like keep_begin, with `next` taken off too
    SipUri next;                             ///< the first value that stays
    RouteClaim claim;                        ///< what our own values said; the first valid one
    std::optional<RouteFlow> flow;           ///< the first that one of them names
    bool bad_signature = false;              ///< one of them had a wrong signature
    bool removed_own = false;

    [[nodiscard]] bool has_next() const noexcept { return keep_begin != nullptr; }

    /// Into this object, which is fresh. `call`: of the request's Call-ID; `uri`: the parsed R-URI. Errors:
    /// bad_name_addr, bad_uri: a value that was needed is none.
    [[nodiscard]] Result<void> read(const MessageView& request, const CallDigest& call, const SipUri& uri,
                                    const Snapshot& snapshot) noexcept;

  private:
    [[nodiscard]] bool take_as_written(std::string_view value, const CallDigest& call,
                                       const Snapshot& snapshot) noexcept;
    void take_own(const CallDigest& call, const SipUri& own, const KeyedHash& sign) noexcept;
};

}  // namespace sipsteer
