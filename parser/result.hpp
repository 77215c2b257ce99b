#pragma once

#include <tl/expected.hpp>

#include "parser/parse_error.hpp"

namespace sipsteer {

/// A parsed value, or the one-byte reason why there is none. Never throws, never allocates.
template <class T>
using Result = tl::expected<T, ParseError>;

using Failure = tl::unexpected<ParseError>;

}  // namespace sipsteer
