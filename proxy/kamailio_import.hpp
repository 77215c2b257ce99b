#pragma once

#include <cstdint>
#include <iosfwd>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sipsteer {

struct KamailioImport {
    struct Remark {
        std::size_t line = 0;
        std::string what;
        std::string_view instead;  ///< "left out", "taken as 0"; empty: `what` says all
        bool mistake = false;      ///< by it a server is missing, or not as it was meant
    };
    std::string toml;  ///< loads without error when `servers` is not 0
    std::vector<Remark> remarks;
    std::size_t servers = 0;
};

/// Reads the list of Kamailio's dispatcher module: `setid uri [flags [priority [attributes]]]`. A set
/// becomes a group, or "default" when there is only one or `only_set` picks it; duid, weight (else
/// rweight), maxload and socket have counterparts, everything else becomes a comment. Destinations
/// that this version cannot use are commented out with a remark.
[[nodiscard]] KamailioImport import_dispatcher_list(std::istream& list, const std::string& file,
                                                    std::optional<std::uint32_t> only_set);

}  // namespace sipsteer
