#include "proxy/boot_clock.hpp"

#include <chrono>
#include <fstream>

#include "proxy/worker.hpp"

namespace sipsteer {

BootTime BootTime::now() {
    static const std::array<char, 36> kBoot = [] {
        std::array<char, 36> id{};
        std::ifstream file{"/proc/sys/kernel/random/boot_id"};
        if (!file.read(id.data(), id.size())) id = {};
        return id;
    }();
    const auto since_1970 = std::chrono::system_clock::now().time_since_epoch();
    return {kBoot, seconds_since_boot(),
            std::chrono::duration_cast<std::chrono::seconds>(since_1970).count()};
}

}  // namespace sipsteer
