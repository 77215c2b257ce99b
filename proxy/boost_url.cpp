// Boost.URL is used header-only; this is the one place where its functions are compiled.
#include <boost/url/src.hpp>
