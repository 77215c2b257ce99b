// Boost.JSON is used header-only; this is the one place where its functions are compiled.
#include <boost/json/src.hpp>
