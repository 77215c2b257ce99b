#include "proxy/table_memory.hpp"

#include <sys/mman.h>

#include <new>

#include "routing/binding_table.hpp"
#include "routing/call_table.hpp"
#include "routing/pin_table.hpp"

namespace sipsteer {

HugePages::HugePages(std::size_t size) {
    void* const at = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (at == MAP_FAILED) throw std::bad_alloc{};
    // A wish: small pages do as well.
    static_cast<void>(::madvise(at, size, MADV_HUGEPAGE));
    bytes_ = {static_cast<std::byte*>(at), size};
}

HugePages::~HugePages() { ::munmap(bytes_.data(), bytes_.size()); }

OwnTableMemory::OwnTableMemory(std::size_t max_calls)
    : pins_(PinTable::bytes_for(max_calls)),
      calls_(CallTable::bytes_for(max_calls)),
      bindings_(BindingTable::bytes_for(max_calls)) {}

}  // namespace sipsteer
