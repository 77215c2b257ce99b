#include "proxy/log.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_sinks.h>

#include <atomic>
#include <chrono>
#include <future>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "proxy/log_limiter.hpp"

namespace sipsteer {
namespace {

constexpr std::chrono::seconds kLastLines{1};
constexpr std::size_t kQueuedLines = 8192;  // some seconds of `many` events for a slow reader of the log

/// spdlog's sink for a stream; no mutex, since only the one thread of the pool writes.
class StreamSink : public spdlog::sinks::stdout_sink_base<spdlog::details::console_nullmutex> {
  public:
    explicit StreamSink(std::FILE* stream) : stdout_sink_base(stream) {}
};

struct Log {
    Config::LogFormat format;
    LogLimiter limiter;
    std::shared_ptr<spdlog::details::thread_pool> thread;
    std::shared_ptr<spdlog::async_logger> logger;
};

std::unique_ptr<Log> owner;
std::atomic<Log*> current{nullptr};
std::atomic<LogLevel> current_level{LogLevel::off};

spdlog::level::level_enum spdlog_level(LogLevel level) {
    switch (level) {
        case LogLevel::trace: return spdlog::level::trace;
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::info: return spdlog::level::info;
        case LogLevel::warning: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
        case LogLevel::off: break;
    }
    return spdlog::level::off;
}

}  // namespace

void start_log(Config::LogFormat format, LogLevel level, std::FILE* stream) {
    stop_log();
    owner = std::make_unique<Log>();
    owner->format = format;
    owner->thread = std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1);
    owner->logger =
        std::make_shared<spdlog::async_logger>("sipsteer", std::make_shared<StreamSink>(stream),
                                               owner->thread, spdlog::async_overflow_policy::overrun_oldest);
    const auto* pattern = format == Config::LogFormat::json
                              ? R"({"ts":"%Y-%m-%dT%H:%M:%S.%eZ","level":"%l",%v})"
                              : "%Y-%m-%dT%H:%M:%S.%eZ %l %v";
    owner->logger->set_formatter(
        std::make_unique<spdlog::pattern_formatter>(pattern, spdlog::pattern_time_type::utc));
    owner->logger->set_level(spdlog::level::trace);
    current_level = level;
    current = owner.get();
}

bool stop_log() {
    current_level = LogLevel::off;
    current = nullptr;
    if (!owner) return true;
    // The pool's end is queued behind the last line, and its destructor waits for it: without a bound.
    std::promise<void> ended;
    auto end = ended.get_future();
    std::thread{[log = std::move(owner), ended = std::move(ended)]() mutable {
        log->logger.reset();
        log.reset();
        ended.set_value();
    }}.detach();
    return end.wait_for(kLastLines) == std::future_status::ready;
}

void set_log_level(LogLevel level) noexcept { current_level.store(level, std::memory_order_relaxed); }

bool log_enabled(LogLevel level) noexcept {
    return level >= current_level.load(std::memory_order_relaxed) && level != LogLevel::off;
}

void log_event(LogLevel level, std::string_view event, std::initializer_list<LogField> fields, LogRate rate) {
    auto* const log = current.load(std::memory_order_acquire);
    if (log == nullptr || !log_enabled(level)) return;
    const auto verdict =
        log->limiter.admit(event, std::chrono::steady_clock::now(), static_cast<std::uint32_t>(rate));
    if (!verdict.write) return;
    std::vector<LogField> all(fields);
    if (verdict.suppressed != 0) all.emplace_back("suppressed", verdict.suppressed);
    const auto line = log->format == Config::LogFormat::json ? log_json(event, all) : log_text(event, all);
    log->logger->log(spdlog_level(level), spdlog::string_view_t(line));
}

std::uint64_t log_lines_lost() noexcept {
    auto* const log = current.load(std::memory_order_acquire);
    return log == nullptr ? 0 : log->thread->overrun_counter();
}

}  // namespace sipsteer
