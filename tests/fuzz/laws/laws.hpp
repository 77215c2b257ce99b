#pragma once

#include <string>
#include <string_view>

namespace sipsteer::laws {

/// Each law parses `input` and says what does not hold of the result; empty when all holds. A law
/// is a sentence about every input, so it serves the fuzz targets, the corpus and the unit tests.
/// `input` should end where its heap block ends, so that AddressSanitizer sees a read behind it.
[[nodiscard]] std::string message_view_law(std::string_view input);
[[nodiscard]] std::string via_law(std::string_view input);
[[nodiscard]] std::string sip_uri_law(std::string_view input);
[[nodiscard]] std::string name_addr_law(std::string_view input);
[[nodiscard]] std::string replaces_law(std::string_view input);
[[nodiscard]] std::string refer_to_law(std::string_view input);
/// The first byte says where the rest is split.
[[nodiscard]] std::string stream_framer_law(std::string_view input);
[[nodiscard]] std::string ip_address_law(std::string_view input);

}  // namespace sipsteer::laws
