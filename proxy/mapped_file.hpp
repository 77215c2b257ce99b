#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <system_error>

namespace sipsteer {

/// A file that this process alone uses: locked (advisory), and mapped as a whole once map() was called.
/// Ends with the object; what was written stays in the file, also when the process is killed.
class MappedFile {
  public:
    MappedFile() = default;
    ~MappedFile();
    MappedFile(MappedFile&& other) noexcept;
    MappedFile& operator=(MappedFile&& other) noexcept;

    /// Opens `path`, or makes it (0600), and locks it. resource_unavailable_try_again: another process has.
    [[nodiscard]] std::error_code open(const std::string& path);

    /// Still the file that `path` names.
    [[nodiscard]] bool is_at(const std::string& path) const;

    [[nodiscard]] std::size_t size() const;
    /// Makes it so long: zeros, with room on the disk, for a hole that finds none kills who writes into it.
    [[nodiscard]] std::error_code reserve(std::size_t size);

    /// Maps as much as there is, at least one byte.
    [[nodiscard]] std::error_code map();
    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }
    /// Waits until the disk has all of it.
    void sync() const noexcept;

  private:
    int fd_ = -1;
    std::span<std::byte> bytes_;
};

}  // namespace sipsteer
