#pragma once

#include "proxy/http_router.hpp"

namespace sipsteer {

/// The page at `/`: one HTML text without anything from elsewhere. It asks /api/v1/status,
/// /api/v1/servers and /metrics for what it shows, once a second; it knows nothing by itself.
[[nodiscard]] HttpResponse status_page();

}  // namespace sipsteer
