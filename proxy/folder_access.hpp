#pragma once

#include <fcntl.h>
#include <unistd.h>

#include <filesystem>

namespace sipsteer {

/// This process may make a file beside `file`, or errno says why not: by its effective user.
[[nodiscard]] inline bool may_make_beside(const std::filesystem::path& file) {
    const auto folder = file.parent_path();
    return ::faccessat(AT_FDCWD, folder.empty() ? "." : folder.c_str(), W_OK | X_OK, AT_EACCESS) == 0;
}

}  // namespace sipsteer
