#include "tests/oracle/fields.hpp"

namespace sipsteer::oracle {
namespace {

struct Named {
    const char* name;
    std::string Fields::*field;
};

constexpr Named kFields[] = {
    {"start", &Fields::start},
    {"uri_user", &Fields::uri_user},
    {"uri_host", &Fields::uri_host},
    {"uri_port", &Fields::uri_port},
    {"call_id", &Fields::call_id},
    {"from_tag", &Fields::from_tag},
    {"to_tag", &Fields::to_tag},
    {"cseq", &Fields::cseq},
    {"via_transport", &Fields::via_transport},
    {"via_host", &Fields::via_host},
    {"via_port", &Fields::via_port},
    {"via_branch", &Fields::via_branch},
    {"via_received", &Fields::via_received},
    {"via_rport", &Fields::via_rport},
    {"via_count", &Fields::via_count},
    {"route_count", &Fields::route_count},
    {"route_first", &Fields::route_first},
    {"replaces", &Fields::replaces},
    {"body", &Fields::body},
};

}  // namespace

std::vector<std::string> differences(const Fields& a, const Fields& b) {
    std::vector<std::string> names;
    for (const Named& named : kFields) {
        if (a.*named.field != b.*named.field) names.emplace_back(named.name);
    }
    return names;
}

std::string describe(const Fields& a, const Fields& b) {
    std::string text;
    for (const Named& named : kFields) {
        if (a.*named.field == b.*named.field) continue;
        text += std::string(named.name) + ": " + a.*named.field + " | " + b.*named.field + "\n";
    }
    return text;
}

}  // namespace sipsteer::oracle
