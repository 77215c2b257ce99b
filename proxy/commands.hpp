#pragma once

#include <iosfwd>

#include "proxy/command_line.hpp"

namespace sipsteer {

/// The commands that need no running proxy. Each writes its result to `out`, remarks to `err`, and
/// returns the exit status.

int run_config(const ConfigCommand& command, std::ostream& out);

/// 0: `out` has a file that loads. 1: nothing to import, the list cannot be read, or `err` says what
/// must be changed in the file by hand.
int run_import_kamailio(const ImportKamailioCommand& command, std::ostream& out, std::ostream& err);

int run_version(std::ostream& out);

}  // namespace sipsteer
