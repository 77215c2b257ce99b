#pragma once

#include <cstdint>
#include <cstdio>
#include <initializer_list>
#include <string_view>

#include "proxy/config.hpp"
#include "proxy/log_line.hpp"

namespace sipsteer {

using LogLevel = Config::LogLevel;

/// How many lines of one event may be written in a second.
enum class LogRate : std::uint32_t {
    few = 10,     ///< what a stranger can cause with each message
    many = 1000,  ///< what operators look for one by one: transfers
};

/// Starts the thread that writes. `stream` stays open until stop_log(). A line is lost, never waited
/// for, when the queue is full. Once per process until stop_log(); not thread-safe against log_event().
void start_log(Config::LogFormat format, LogLevel level, std::FILE* stream = stderr);

/// Writes what is queued and ends the thread; later events go nowhere. Call it when all threads that
/// log have ended. False when the stream's reader has taken nothing for a second: the thread still hangs
/// in its write, and only std::_Exit() ends the process.
bool stop_log();

void set_log_level(LogLevel level) noexcept;

/// True when a line of that level would be written: to save the work of gathering its fields.
[[nodiscard]] bool log_enabled(LogLevel level) noexcept;

/// Queues one line `event=... key=value ...` (text) or one JSON object; goes nowhere before start_log().
/// Never blocks on the stream. Allocates: not before a message has been sent. When lines of this event
/// were left out by `rate`, the next one ends in `suppressed=N`.
void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields,
               LogRate rate = LogRate::few);

/// Lines lost because the queue was full.
[[nodiscard]] std::uint64_t log_lines_lost() noexcept;

}  // namespace sipsteer
