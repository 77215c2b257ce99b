// Boost.JSON is used header-only; this is the one place where its functions are compiled.
#if defined(__GNUC__) && !defined(__clang__)
// With -fsanitize=address GCC 12 sees a move out of an empty array that the code never makes.
#pragma GCC diagnostic ignored "-Warray-bounds"
#pragma GCC diagnostic ignored "-Wstringop-overflow"
#endif
#include <boost/json/src.hpp>
