#include "bench/load/process_cpu.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace sipsteer::load {
namespace {

struct Stat {
    int parent = 0;
    double user = 0, system = 0;
    std::uint64_t resident = 0;
    unsigned threads = 0;
};

/// False when the process is gone. Fields as in proc(5).
bool read_stat(int process, Stat& out) {
    std::ifstream file{fmt::format("/proc/{}/stat", process)};
    std::string line;
    if (!std::getline(file, line)) return false;
    // The name, field 2, may hold anything; field 3 stands behind its last parenthesis.
    std::istringstream rest{line.substr(line.rfind(')') + 1)};
    std::vector<std::string> fields{"", "", ""};  // so that fields[3] is field 3
    for (std::string field; rest >> field;) fields.push_back(field);
    if (fields.size() <= 24) return false;
    const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
    out.parent = std::atoi(fields[4].c_str());
    out.user = std::strtod(fields[14].c_str(), nullptr) / ticks;
    out.system = std::strtod(fields[15].c_str(), nullptr) / ticks;
    out.threads = static_cast<unsigned>(std::atoi(fields[20].c_str()));
    out.resident =
        std::strtoull(fields[24].c_str(), nullptr, 10) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
    return true;
}

std::vector<std::pair<int, Stat>> all_processes() {
    std::vector<std::pair<int, Stat>> found;
    DIR* directory = ::opendir("/proc");
    if (directory == nullptr) return found;
    while (const dirent* entry = ::readdir(directory)) {
        const int process = std::atoi(entry->d_name);
        Stat stat;
        if (process > 0 && read_stat(process, stat)) found.emplace_back(process, stat);
    }
    ::closedir(directory);
    return found;
}

}  // namespace

ProcessCpu ProcessCpu::read(int process) {
    ProcessCpu sum;
    if (process <= 0) return sum;
    std::vector<int> family{process};
    const auto all = all_processes();
    for (std::size_t i = 0; i < family.size(); ++i) {
        for (const auto& [number, stat] : all) {
            if (stat.parent == family[i]) family.push_back(number);
            if (number != family[i]) continue;
            sum.user_seconds += stat.user;
            sum.system_seconds += stat.system;
            sum.resident_bytes += stat.resident;
            sum.threads += stat.threads;
            ++sum.processes;
        }
    }
    return sum;
}

ProcessCpu ProcessCpu::since(const ProcessCpu& begin) const noexcept {
    ProcessCpu out = *this;
    out.user_seconds -= begin.user_seconds;
    out.system_seconds -= begin.system_seconds;
    return out;
}

}  // namespace sipsteer::load
