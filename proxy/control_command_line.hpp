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
    top,
    trace,
    version
};

/// What `sipsteerctl` is to do.
struct ControlCommand {
    ControlVerb verb = ControlVerb::status;
    std::string socket;  ///< empty: where the proxy puts it by default
    bool json = false;
    std::string call_id;                    ///< of owner; of trace, empty: any
    std::string user;                       ///< of registrar
    std::string from;                       ///< of explain; empty: not said
    std::string server;                     ///< of drain, ready, maint
    std::chrono::milliseconds wait{0};      ///< of drain; 0: do not wait
    bool once = false;                      ///< top: one look
    bool transfers = false;                 ///< trace: what belongs to transfers
    std::chrono::milliseconds duration{0};  ///< trace: 0: until it is ended
};

/// Exit status of a wrong command line: 1 to 3 are answers (EX_USAGE of sysexits.h).
inline constexpr int kControlUsage = 64;

/// Reads the command line of `sipsteerctl`. Touches no file and ends no process.
[[nodiscard]] std::variant<ControlCommand, UsageCommand> parse_control_command_line(int argc,
                                                                                    const char* const* argv);

}  // namespace sipsteer
