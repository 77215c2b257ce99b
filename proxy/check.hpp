#pragma once

#include <iosfwd>

#include "proxy/command_line.hpp"

namespace sipsteer {

/// `sipsteer check`: what loading finds, what a start would find in the key file and the table file, which
/// it only reads, and which names do not resolve (a warning; two seconds for all of them). 0: no error.
/// Errors and warnings, then one line with the counts; `json`: one object with `ok`, `file`, `listeners`,
/// `servers`, `errors` and `warnings` (each `file`, `line`, `column`, `key`, `message`).
int run_check(const CheckCommand& command, std::ostream& out);

}  // namespace sipsteer
