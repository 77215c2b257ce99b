#pragma once

#include <iosfwd>

#include "proxy/command_line.hpp"

namespace sipsteer {

/// `sipsteer run`: reads the configuration, keys and tables, asks DNS, and serves until a signal ends it. The
/// exit status.
int run_proxy(const RunCommand& command, std::ostream& err);

}  // namespace sipsteer
