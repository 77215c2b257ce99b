#pragma once

#include <string_view>

#include "proxy/http_router.hpp"

namespace sipsteer {

/// The page and its Content-Security-Policy, made from proxy/status_page/ when this is built.
extern const std::string_view kStatusPage;
extern const std::string_view kStatusPagePolicy;

/// The answer to `/`: one page that reads the API; nothing in it comes from elsewhere.
[[nodiscard]] HttpResponse status_page();

}  // namespace sipsteer
