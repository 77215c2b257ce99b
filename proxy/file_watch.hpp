#pragma once

#include <cstdint>
#include <string>

namespace sipsteer {

/// Notices when somebody has written a file or put another one in its place. Look now and then: a change is
/// told once, at the second look that finds the same, so that half a file is not taken for a whole.
class FileWatch {
  public:
    /// `path` empty: nothing ever changes.
    explicit FileWatch(std::string path) : path_(std::move(path)), known_(look()), seen_(known_) {}

    [[nodiscard]] bool changed();

  private:
    struct Stamp {
        std::int64_t seconds = 0;
        std::int64_t nanoseconds = 0;
        std::int64_t size = -1;  ///< -1: there is no such file
        std::uint64_t inode = 0;

        friend bool operator==(const Stamp&, const Stamp&) noexcept = default;
    };
    [[nodiscard]] Stamp look() const;

    std::string path_;
    Stamp known_;
    Stamp seen_;
};

}  // namespace sipsteer
