// One law as a libFuzzer target; which one is chosen by the build (SIPSTEER_LAW).
#include <cstdint>
#include <cstdio>
#include <cstdlib>

#include "tests/fuzz/laws/laws.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string broken = sipsteer::laws::SIPSTEER_LAW({reinterpret_cast<const char*>(data), size});
    if (!broken.empty()) {
        std::fprintf(stderr, "does not hold: %s\n", broken.c_str());
        std::abort();
    }
    return 0;
}
