#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <variant>

#include "proxy/command_line.hpp"

namespace sipsteer {

enum class ControlVerb : std::uint8_t {
    status,
    servers,
    owner,
    registrar,
    explain,
    drain,
    ready,
    maint,
    reload,
    version
};

/// What `sipsteerctl` is to do.
struct ControlCommand {
    ControlVerb verb = ControlVerb::status;
    std::string socket;  ///< empty: where the proxy puts it by default
    bool json = false;
    std::string call_id;  ///< of owner
    std::string user;     ///< of registrar
    std::string from;     ///< of explain; empty: not said
    std::string server;   ///< of drain, ready, maint
    std::chrono::milliseconds wait{0};  ///< of drain; 0: do not wait
};

/// Exit status of a wrong command line: 1 to 3 are answers (EX_USAGE of sysexits.h).
inline constexpr int kControlUsage = 64;

/// Reads the command line of `sipsteerctl`. Touches no file and ends no process.
[[nodiscard]] std::variant<ControlCommand, UsageCommand> parse_control_command_line(int argc,
                                                                                    const char* const* argv);

}  // namespace sipsteer
