#include "proxy/status_page.hpp"

namespace sipsteer {

HttpResponse status_page() {
    return {.body = std::string{kStatusPage},
            .content_type = "text/html; charset=utf-8",
            .headers = {{"Content-Security-Policy", std::string{kStatusPagePolicy}}}};
}

}  // namespace sipsteer
