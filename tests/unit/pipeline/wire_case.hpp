#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "wire_text.hpp"

namespace sipsteer::test {

/// One fenced block of a case: the words behind the fence, and the lines inside.
struct WireBlock {
    std::vector<std::string> words;  ///< never empty
    WireLines lines;                 ///< without line ends
    int line = 0;                    ///< of the fence

    [[nodiscard]] const std::string& kind() const noexcept { return words.front(); }
    /// The word behind `name`, empty when it is not there.
    [[nodiscard]] std::string_view value_of(std::string_view name) const;
    [[nodiscard]] bool has(std::string_view word) const;
    [[nodiscard]] std::string text() const;  ///< lines with LF
};

/// One `##` section of a case file.
struct WireCase {
    std::string file;               ///< path
    std::string suite;              ///< file name without extension
    std::string name;               ///< the heading in words joined by underscores
    int line = 0;                   ///< of the heading
    std::vector<WireBlock> blocks;  ///< the `toml` and `part` blocks above the first heading come first
};

/// Reads a case file (see tests/wire/README.md for its form). Throws std::runtime_error as
/// `file:line: what` on a block that is none.
[[nodiscard]] std::vector<WireCase> read_wire_file(const std::filesystem::path& path);

}  // namespace sipsteer::test
