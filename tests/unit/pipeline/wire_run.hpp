#pragma once

#include <set>
#include <string>

#include "wire_case.hpp"

namespace sipsteer::test {

/// RouteReason and DropReason words that the cases met.
using MetReasons = std::set<std::string, std::less<>>;

/// Plays the blocks of a case in order through one Pipeline. What differs is reported as a failure of
/// the running test, at the line of the case file.
void run_wire_case(const WireCase& wire_case, MetReasons& met);

}  // namespace sipsteer::test
