#pragma once

#include <string>
#include <string_view>

#include "tests/oracle/fields.hpp"

namespace sipsteer::oracle {

/// Why sofia refuses this valid message; empty when no reason is known.
[[nodiscard]] std::string_view why_sofia_refuses(std::string_view datagram);

/// Why both accept `datagram` and yet read `field` differently, without harm to routing; empty when
/// no reason is known. Each reason was looked at by hand; a new one wants the same.
[[nodiscard]] std::string_view why_they_differ(const std::string& field, std::string_view datagram,
                                               const Fields& ours, const Fields& sofia);

}  // namespace sipsteer::oracle
