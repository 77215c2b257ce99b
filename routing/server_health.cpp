#include "routing/server_health.hpp"

#include <algorithm>

namespace sipsteer {

Microseconds ServerHealth::pause(const HealthPolicy& policy) const noexcept {
    const auto tenth = static_cast<std::uint32_t>(std::max<std::int64_t>(policy.interval.count() / 10, 1));
    return policy.interval - Milliseconds{((id_ ^ number_) * 2654435761U >> 8) % tenth};
}

void ServerHealth::failed(const HealthPolicy& policy, DownCause cause, bool at_once) noexcept {
    rises_ = 0;
    if (!up_) return;
    if (!at_once && ++fails_ < policy.fail_after) return;
    up_ = false;
    cause_ = cause;
}

std::optional<std::uint32_t> ServerHealth::due(const HealthPolicy& policy, Microseconds now,
                                               bool heard) noexcept {
    if (now < next_) return std::nullopt;
    if (open_) {
        if (!copied_ && !doubted_) {  // over UDP one of two may get lost
            copied_ = true;
            next_ = sent_ + patience(policy);
            return number_;
        }
        open_ = false;
        const bool alive = heard && up_ && !doubted_;
        if (alive) {
            fails_ = 0;
        } else {
            failed(policy, doubted_ ? DownCause::refused : DownCause::silent, doubted_);
        }
        doubted_ = false;
        if (!up_ || alive) {
            next_ = std::max(now, sent_ + pause(policy));
            if (now < next_) return std::nullopt;
        }
    }
    ++number_;
    sent_ = now;
    open_ = true;
    copied_ = false;
    next_ = now + (doubted_ ? kDoubt : patience(policy) / 2);
    return number_;
}

void ServerHealth::answered(const HealthPolicy& policy, std::uint32_t number, std::uint16_t status,
                            Microseconds now) noexcept {
    if (!open_ || number != number_ || status < 200) return;
    open_ = false;
    doubted_ = false;
    status_ = status;
    if (!copied_) {  // else nobody knows which of the two it answers
        const Microseconds taken = now - sent_;
        round_trip_ = round_trip_.count() == 0 ? taken : round_trip_ + (taken - round_trip_) / 8;
    }
    next_ = std::max(now, sent_ + pause(policy));
    if (!policy.alive(status)) {
        failed(policy, DownCause::answer, false);
        if (up_) next_ = std::max(now, sent_ + patience(policy));
        return;
    }
    fails_ = 0;
    if (up_) return;
    up_ = ++rises_ >= policy.rise_after;
}

void ServerHealth::refused(Microseconds now) noexcept {
    if (!up_ || doubted_ || now < no_doubt_before_) return;
    no_doubt_before_ = now + kDoubtPause;
    doubted_ = true;
    open_ = false;
    next_ = now;
}

}  // namespace sipsteer
