#include "proxy/mapped_file.hpp"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace sipsteer {
namespace {

std::error_code last_error(int error = errno) { return {error, std::generic_category()}; }

}  // namespace

MappedFile::~MappedFile() {
    if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
    if (fd_ >= 0) ::close(fd_);
}

MappedFile::MappedFile(MappedFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), bytes_(std::exchange(other.bytes_, {})) {}

MappedFile& MappedFile::operator=(MappedFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(bytes_, other.bytes_);
    return *this;
}

std::error_code MappedFile::open(const std::string& path) {
    fd_ = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd_ < 0) return last_error();
    return ::flock(fd_, LOCK_EX | LOCK_NB) == 0 ? std::error_code{} : last_error();
}

bool MappedFile::is_at(const std::string& path) const {
    struct stat mine {};
    struct stat there {};
    return ::fstat(fd_, &mine) == 0 && ::stat(path.c_str(), &there) == 0 && mine.st_dev == there.st_dev &&
           mine.st_ino == there.st_ino;
}

std::size_t MappedFile::size() const {
    struct stat status {};
    return ::fstat(fd_, &status) == 0 ? static_cast<std::size_t>(status.st_size) : 0;
}

std::error_code MappedFile::reserve(std::size_t size) {
    const int error = ::posix_fallocate(fd_, 0, static_cast<off_t>(size));
    return error == 0 ? std::error_code{} : last_error(error);
}

std::error_code MappedFile::map() {
    const std::size_t length = size();
    void* const at = ::mmap(nullptr, length, PROT_READ | PROT_WRITE, MAP_SHARED, fd_, 0);
    if (at == MAP_FAILED) return last_error();
    bytes_ = {static_cast<std::byte*>(at), length};
    return {};
}

void MappedFile::sync() const noexcept {
    if (!bytes_.empty()) static_cast<void>(::msync(bytes_.data(), bytes_.size(), MS_SYNC));
}

}  // namespace sipsteer
