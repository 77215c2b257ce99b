#include "proxy/process_stats.hpp"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace sipsteer {
namespace {

double seconds_of(const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
}

}  // namespace

ProcessStats read_process_stats() {
    ProcessStats stats;
    rusage used{};
    if (::getrusage(RUSAGE_SELF, &used) == 0) {
        stats.cpu_seconds = seconds_of(used.ru_utime) + seconds_of(used.ru_stime);
    }
    const auto page = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    std::uint64_t whole = 0;
    std::uint64_t resident = 0;
    if (std::ifstream{"/proc/self/statm"} >> whole >> resident) {  // proc(5), in pages
        stats.virtual_bytes = whole * page;
        stats.resident_bytes = resident * page;
    }
    std::error_code failure;
    std::filesystem::directory_iterator files{"/proc/self/fd", failure};
    if (!failure) stats.open_fds = static_cast<std::uint64_t>(std::distance(begin(files), end(files)));
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) stats.max_fds = limit.rlim_cur;
    return stats;
}

}  // namespace sipsteer
