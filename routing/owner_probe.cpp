#include "routing/owner_probe.hpp"

#include <algorithm>

namespace sipsteer {

void OwnerProbe::answer(ServerId server, ProbeVerdict verdict, Milliseconds now) noexcept {
    const auto open = asked_.begin() + static_cast<std::ptrdiff_t>(answered_);
    const auto found = std::find(open, asked_.end(), server);
    if (found == asked_.end()) return;
    std::iter_swap(open, found);
    ++answered_;
    if (verdict != ProbeVerdict::mine) return;
    contradicted_ = owner_ != kNoServer;
    owner_ = server;
    deadline_ = std::min(deadline_, now + kContradiction);
}

}  // namespace sipsteer
