#include "proxy/table_memory.hpp"

#include <sys/mman.h>

#include <new>

#include "routing/binding_table.hpp"
#include "routing/call_table.hpp"
#include "routing/pin_table.hpp"

namespace sipsteer {
namespace {

/// The first calls touch all pages of a table, and each costs its first user up to 2 ms where a hypervisor
/// has to find it as well: messages of the first 100 calls waited up to 136 ms. Larger tables would keep the
/// start waiting instead.
constexpr std::size_t kAtOnce = std::size_t{256} << 20;

}  // namespace

HugePages::HugePages(std::size_t size) {
    void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc{};
    // A wish: small pages do as well.
    static_cast<void>(::madvise(at, size, MADV_HUGEPAGE));
    if (size <= kAtOnce) static_cast<void>(::madvise(at, size, MADV_POPULATE_WRITE));
    bytes_ = {static_cast<std::byte*>(at), size};
}

HugePages::~HugePages() { ::munmap(bytes_.data(), bytes_.size()); }

OwnTableMemory::OwnTableMemory(std::size_t max_calls)
    : pins_(PinTable::bytes_for(max_calls)),
      calls_(CallTable::bytes_for(max_calls)),
      bindings_(BindingTable::bytes_for(max_calls)) {}

}  // namespace sipsteer
