#include "proxy/admin_socket.hpp"

#include <cstdlib>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "proxy/folder_access.hpp"

namespace sipsteer {
namespace {

namespace fs = std::filesystem;

constexpr const char* kName = "admin.sock";

std::string_view variable(const char* name) {
    const char* value = std::getenv(name);
    return value == nullptr ? std::string_view{} : value;
}

std::vector<fs::path> places() {
    // systemd gives a list; the first one is the service's own.
    const std::string_view runtime = variable("RUNTIME_DIRECTORY");
    if (!runtime.empty()) return {fs::path{runtime.substr(0, runtime.find(':'))} / kName};
    std::vector<fs::path> list{fs::path{"/run/sipsteer"} / kName};
    const std::string_view user = variable("XDG_RUNTIME_DIR");
    if (!user.empty()) list.push_back(fs::path{user} / kName);
    return list;
}

}  // namespace

void make_folder_of(const std::string& path) {
    std::error_code ignored;  // binding tells
    fs::create_directory(fs::path{path}.parent_path(), ignored);
}

std::string default_admin_socket() {
    for (const fs::path& place : places()) {
        make_folder_of(place.string());
        if (may_make_beside(place)) return place.string();
    }
    return {};
}

std::string find_admin_socket() {
    const std::vector<fs::path> list = places();
    for (const fs::path& place : list) {
        std::error_code ignored;
        if (fs::is_socket(place, ignored)) return place.string();
    }
    return list.front().string();
}

}  // namespace sipsteer
