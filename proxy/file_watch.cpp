#include "proxy/file_watch.hpp"

#include <sys/stat.h>

namespace sipsteer {

FileWatch::Stamp FileWatch::look() const {
    struct stat status {};
    if (path_.empty() || ::stat(path_.c_str(), &status) != 0) return {};
    return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec, status.st_size, status.st_ino};
}

bool FileWatch::changed() {
    const Stamp before = seen_;
    seen_ = look();
    if (seen_ == known_ || seen_ != before) return false;
    known_ = seen_;
    return true;
}

}  // namespace sipsteer
