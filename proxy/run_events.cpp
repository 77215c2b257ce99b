#include "proxy/run_events.hpp"

#include <csignal>

#include "proxy/log.hpp"

namespace sipsteer {

void log_remark(const std::string& remark) {
    log_event(LogLevel::warning, "config", {{"message", remark}}, LogRate::many);
}

void log_ending(int signal) {
    log_event(LogLevel::info, "ending", {{"signal", signal == SIGTERM ? "SIGTERM" : "SIGINT"}});
}

}  // namespace sipsteer
