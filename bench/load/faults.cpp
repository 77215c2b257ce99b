#include "bench/load/faults.hpp"

#include <numeric>

namespace sipsteer::load {

std::string_view to_string(Fault fault) noexcept {
    switch (fault) {
        case Fault::not_sip: return "not_sip";
        case Fault::via_not_added: return "via_not_added";
        case Fault::via_not_stripped: return "via_not_stripped";
        case Fault::lower_via_changed: return "lower_via_changed";
        case Fault::max_forwards: return "max_forwards";
        case Fault::route_left: return "route_left";
        case Fault::no_record_route: return "no_record_route";
        case Fault::wrong_server: return "wrong_server";
        case Fault::wrong_owner: return "wrong_owner";
        case Fault::wrong_phone: return "wrong_phone";
        case Fault::dialog_changed: return "dialog_changed";
        case Fault::body_changed: return "body_changed";
        case Fault::unexpected_status: return "unexpected_status";
        case Fault::unknown_call: return "unknown_call";
        case Fault::count_: break;
    }
    return "";
}

void Faults::add(Fault fault, std::string_view message) {
    ++counts_[static_cast<std::size_t>(fault)];
    if (first_.empty()) (first_ = to_string(fault)).append(":\n").append(message);
}

std::uint64_t Faults::total() const noexcept {
    return std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0});
}

}  // namespace sipsteer::load
