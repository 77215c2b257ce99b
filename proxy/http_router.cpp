#include "proxy/http_router.hpp"

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <exception>
#include <optional>

namespace sipsteer {
namespace {

/// As Boost.URL counts: "/" has no segment, "/a/" has "a" and an empty one.
std::vector<std::string> split(std::string_view path) {
    std::vector<std::string> segments;
    if (path == "/") return segments;
    while (!path.empty()) {
        path.remove_prefix(1);  // the slash
        segments.emplace_back(path.substr(0, path.find('/')));
        path.remove_prefix(segments.back().size());
    }
    return segments;
}

std::optional<std::vector<std::string>> match(const std::vector<std::string>& pattern,
                                              const std::vector<std::string>& path) {
    if (pattern.size() != path.size()) return std::nullopt;
    std::vector<std::string> parameters;
    for (std::size_t i = 0; i < path.size(); ++i) {
        if (pattern[i] == "{}") {
            parameters.push_back(path[i]);
        } else if (pattern[i] != path[i]) {
            return std::nullopt;
        }
    }
    return parameters;
}

}  // namespace

HttpResponse http_error(unsigned status, std::string_view message) {
    const boost::json::object body{{"error", boost::json::string_view(message)}};
    return {status, boost::json::serialize(body) + "\n"};
}

void HttpRouter::get(std::string_view pattern, Route route) {
    entries_.push_back({split(pattern), std::move(route)});
}

HttpResponse HttpRouter::answer(std::string_view method, std::string_view target) const {
    const auto url = boost::urls::parse_origin_form(target);
    if (!url) return http_error(400, "bad target");
    std::vector<std::string> path;
    // Split first, then decode: a %2F inside a segment is part of it, as in a Call-ID.
    for (const auto segment : url->encoded_segments()) path.push_back(segment.decode());
    for (const auto& entry : entries_) {
        auto parameters = match(entry.segments, path);
        if (!parameters) continue;
        if (method != "GET" && method != "HEAD") {
            auto response = http_error(405, "method not allowed");
            response.headers.emplace_back("Allow", "GET, HEAD");
            return response;
        }
        const std::string_view query(url->encoded_query().data(), url->encoded_query().size());
        try {
            return entry.route({std::move(*parameters), query});
        } catch (const std::exception&) {
            return http_error(500, "internal error");
        }
    }
    return http_error(404, "not found");
}

}  // namespace sipsteer
