#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace sipsteer {

/// What a route gets of a request.
struct HttpRequest {
    std::vector<std::string> parameters;  ///< what stood at each `{}` of the pattern, percent-decoded
    std::string_view query;               ///< behind the question mark, as it came
    std::string_view body;

    /// The value of a parameter of the query, percent-decoded; none when it is not there or badly encoded.
    [[nodiscard]] std::optional<std::string> query_value(std::string_view name) const;
};

struct HttpResponse {
    unsigned status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers = {};
};

/// Which function answers which path. Filled before serving, then only read. No I/O.
class HttpRouter {
  public:
    using Route = std::function<HttpResponse(const HttpRequest&)>;

    /// Answers GET and HEAD of `pattern`: a path, in which `{}` stands for one whole segment. The
    /// first pattern that matches wins.
    void get(std::string_view pattern, Route route);

    /// The same for POST.
    void post(std::string_view pattern, Route route);

    /// The answer to any request: 400 for a target that is none, 404, 405 with Allow, 500 when the
    /// route throws, else the route's; errors as JSON `{"error":"..."}`.
    [[nodiscard]] HttpResponse answer(std::string_view method, std::string_view target,
                                      std::string_view body = {}) const;

  private:
    struct Entry {
        bool post = false;
        std::vector<std::string> segments;
        Route route;
    };
    std::vector<Entry> entries_;
};

/// `{"error":"..."}` with that status.
[[nodiscard]] HttpResponse http_error(unsigned status, std::string_view message);

}  // namespace sipsteer
