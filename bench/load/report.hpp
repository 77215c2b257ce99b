#pragma once

#include <string>

#include "bench/load/load.hpp"

namespace sipsteer::load {

/// For people.
[[nodiscard]] std::string to_text(const Options& options, const Result& result);
/// For programs: one object, its names are an interface of `bench/compare`.
[[nodiscard]] std::string to_json(const Options& options, const Result& result);

}  // namespace sipsteer::load
