#pragma once

#include <cstddef>
#include <span>

namespace sipsteer {

/// Where the records of the tables lie; empty: each table has memory of its own.
struct TableMemory {
    std::span<std::byte> pins{};
    std::span<std::byte> calls{};
    std::span<std::byte> bindings{};
};

/// Zeroed memory in huge pages (2 MiB) where the kernel has them: records lie at random, and most of what a
/// look-up costs is then the walk to its small page (481 ns against 279 in a table of 100 M dialogs,
/// `micro --benchmark_filter=hundred_million`). Up to 256 MiB it is there at once; more comes page by page
/// when it is used. Ends with the object.
class HugePages {
  public:
    /// Throws std::bad_alloc.
    explicit HugePages(std::size_t size);
    ~HugePages();
    HugePages(const HugePages&) = delete;
    HugePages& operator=(const HugePages&) = delete;

    [[nodiscard]] std::span<std::byte> bytes() const noexcept { return bytes_; }

  private:
    std::span<std::byte> bytes_;
};

/// For tables that end with the process.
class OwnTableMemory {
  public:
    /// For Tables of the same max_calls; outlives them. Throws std::bad_alloc.
    explicit OwnTableMemory(std::size_t max_calls);
    [[nodiscard]] TableMemory memory() const noexcept {
        return {pins_.bytes(), calls_.bytes(), bindings_.bytes()};
    }

  private:
    HugePages pins_;
    HugePages calls_;
    HugePages bindings_;
};

}  // namespace sipsteer
