#pragma once

#include <string>

/// Lines of the log that the start of the process and the running service write alike.
namespace sipsteer {

/// What the operator should know about the configuration.
void log_remark(const std::string& remark);

void log_ending(int signal);

}  // namespace sipsteer
